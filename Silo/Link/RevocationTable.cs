using System.Collections.Concurrent;

namespace Tidegate.Silo.Link;

/// <summary>
/// This silo's copy of the revocations, and how old it is. Calls are judged by it alone, without asking anybody. Invariant: a
/// copy that says it is current holds every revocation that was durable <see cref="MaxAge"/> ago.
/// </summary>
internal sealed class RevocationTable(TimeProvider time) : IRevokedCertificates
{
    /// <summary>An older copy lets no agent in (I9): with a pull every second it has missed four of them.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(4);

    /// <summary>Key of an optional <see cref="TimeProvider"/> for the copy's age alone; without it the host's.</summary>
    public const string ClockKey = "tidegate.revocations";

    private readonly ConcurrentDictionary<string, DateTimeOffset> _revoked = new(StringComparer.OrdinalIgnoreCase);
    private long _asOf = long.MinValue;

    public bool IsCurrent => Volatile.Read(ref _asOf) is var asOf and not long.MinValue && time.GetElapsedTime(asOf) <= MaxAge;

    /// <summary>Position of the newest revocation held here; 0 for none.</summary>
    public long Position { get; private set; }

    public bool IsRevoked(string thumbprint) => _revoked.ContainsKey(thumbprint);

    /// <summary>The moment a pull begins, for <see cref="Confirm"/>.</summary>
    public long Begin() => time.GetTimestamp();

    /// <summary>Takes what a pull has read; returns the thumbprints that are new here.</summary>
    public IReadOnlyList<string> Take(IReadOnlyList<Revocation> revocations)
    {
        var added = new List<string>();
        foreach (var revocation in revocations)
        {
            if (_revoked.TryAdd(revocation.Thumbprint, revocation.ExpiresAt)) added.Add(revocation.Thumbprint);
            Position = Math.Max(Position, revocation.Position);
        }

        return added;
    }

    /// <summary>The copy holds everything that was durable when the pull began.</summary>
    public void Confirm(long begun) => Volatile.Write(ref _asOf, begun);

    /// <summary>Drops certificates that have expired: TLS refuses those by itself.</summary>
    public void Trim()
    {
        // Clocks of silos differ by less than an hour.
        var over = time.GetUtcNow() - TimeSpan.FromHours(1);
        foreach (var (thumbprint, until) in _revoked)
        {
            if (until < over) _revoked.TryRemove(thumbprint, out _);
        }
    }
}
