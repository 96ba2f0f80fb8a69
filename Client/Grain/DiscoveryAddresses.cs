using Tidegate.Client.Grain.Agents;

namespace Tidegate.Client.Grain;

/// <summary>
/// Where an agent may ask for a link: the address that it was configured with, and the agents' listeners that answers have named, so
/// that the death of the one silo it was pointed at does not cut it off (<c>docs/protocols/link.md</c>, discovery). Safe for concurrent
/// use; one for all links of a process.
/// </summary>
/// <param name="configured">The agents' listener, <c>https://host:port</c>.</param>
/// <param name="learned">What <see cref="Learned"/> was in an earlier process; null for nothing.</param>
public sealed class DiscoveryAddresses(Uri configured, IEnumerable<Uri>? learned = null)
{
    /// <summary>Most addresses remembered besides the configured one.</summary>
    public const int MaxLearned = 16;

    private readonly Lock _gate = new();
    private Uri[] _learned = [.. Usable(learned ?? []).Take(MaxLearned)];
    private Uri? _answered;

    /// <summary>Raised after an answer has named an address that was not known.</summary>
    public event EventHandler? LearnedMore;

    /// <summary>The addresses that answers have named, newest first; at most <see cref="MaxLearned"/>.</summary>
    public IReadOnlyList<Uri> Learned
    {
        get
        {
            lock (_gate) return _learned;
        }
    }

    /// <summary>In the order in which to ask: whoever answered last, then the configured one, then the others.</summary>
    public IReadOnlyList<Uri> InOrder
    {
        get
        {
            lock (_gate) return [.. new[] { _answered ?? configured, configured }.Concat(_learned).Distinct()];
        }
    }

    /// <summary>
    /// Remembers who answered, and whom the answer names, before those of earlier answers: a silo that was away when this answer was given
    /// may be all that is left when the next one is wanted.
    /// </summary>
    public void Answered(Uri by, LinkDiscoveryReply reply)
    {
        ArgumentNullException.ThrowIfNull(reply);
        var named = reply.Endpoints.Select(static endpoint => Uri.TryCreate(endpoint.AgentsUrl, UriKind.Absolute, out var url) ? url : null).OfType<Uri>();
        bool isMore;
        lock (_gate)
        {
            var before = _learned;
            (_answered, _learned) = (by, [.. Usable(named.Concat(before)).Take(MaxLearned)]);
            isMore = _learned.Except(before).Any();
        }

        if (isMore) LearnedMore?.Invoke(this, EventArgs.Empty);
    }

    private static IEnumerable<Uri> Usable(IEnumerable<Uri> addresses) =>
        addresses.Where(static url => url.IsAbsoluteUri && url.Scheme == Uri.UriSchemeHttps).Distinct();
}
