using System.Collections.Concurrent;

namespace Tidegate.Silo.Link;

/// <summary>
/// The revoked certificates that this silo has met. Gateways' own grains decide; the table makes their decision count for
/// calls under way, without asking for each. An entry outlives every token of its certificate.
/// </summary>
internal sealed class RevokedCertificates(TimeProvider time) : IRevokedCertificates
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _until = new(StringComparer.Ordinal);

    public bool IsRevoked(string thumbprint) => _until.ContainsKey(thumbprint);

    /// <summary>Refuses the certificate from now on.</summary>
    public void Add(string thumbprint) => _until[thumbprint] = time.GetUtcNow() + (2 * LinkTokenService.Lifetime);

    /// <summary>Drops entries that no token can need any more: a new connection asks the grain anyway.</summary>
    public void Trim()
    {
        var now = time.GetUtcNow();
        foreach (var (thumbprint, until) in _until)
        {
            if (until < now) _until.TryRemove(thumbprint, out _);
        }
    }
}
