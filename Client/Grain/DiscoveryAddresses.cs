using Tidegate.Client.Grain.Agents;

namespace Tidegate.Client.Grain;

/// <summary>
/// Where an agent may ask for a link: the address that it was configured with, and the agents' listeners that answers have named, so
/// that the death of the one silo it was pointed at does not cut it off (<c>docs/protocols/link.md</c>, discovery). Kept for the life of
/// the process; safe for concurrent use.
/// </summary>
/// <param name="configured">The agents' listener, <c>https://host:port</c>.</param>
public sealed class DiscoveryAddresses(Uri configured)
{
    /// <summary>Most addresses remembered besides the configured one.</summary>
    public const int MaxLearned = 16;

    private readonly Lock _gate = new();
    private Uri[] _learned = [];
    private Uri? _answered;

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
        var named = reply.Endpoints
            .Select(static endpoint => Uri.TryCreate(endpoint.AgentsUrl, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps ? url : null)
            .OfType<Uri>();
        lock (_gate) (_answered, _learned) = (by, [.. named.Concat(_learned).Distinct().Take(MaxLearned)]);
    }
}
