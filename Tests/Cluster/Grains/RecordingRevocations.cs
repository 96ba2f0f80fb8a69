using System.Collections.Concurrent;
using Tidegate.Grains.Security;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Keeps what the grains revoke; can be told to be away.</summary>
public sealed class RecordingRevocations : ICertificateRevocations
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _revoked = new();

    public bool IsAway { get; set; }

    public bool Has(string thumbprint) => _revoked.ContainsKey(thumbprint);

    public Task RevokeAsync(IReadOnlyList<RevokedCertificate> certificates)
    {
        if (IsAway) throw new IOException("The state store is away.");
        foreach (var certificate in certificates) _revoked[certificate.Thumbprint] = certificate.ExpiresAt;
        return Task.CompletedTask;
    }
}
