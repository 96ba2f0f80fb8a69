using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Tidegate.Client.Grain;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Link;
using Tidegate.Silo.Pki;
using Xunit;

namespace Tidegate.Tests.Unit.Pki;

/// <summary>Developers' certificates: short, for one key pair, and of no use where gateways' are (<c>docs/protocols/link.md</c>, Developers' clients).</summary>
public sealed class DeveloperCertificateTests : IDisposable
{
    private const string Account = "123456789012";
    private const string KeyId = "key-00000000000000000001";
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-pki-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly CaStore _keys;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public DeveloperCertificateTests() => _keys = CaStore.Open(_directory, _time);

    private X509Certificate2Collection Roots => [_keys.Certificate];

    [Fact]
    public void It_names_account_and_key_for_an_hour_and_owns_the_one_client_id_of_its_key_pair()
    {
        using var certificate = Issue(_key);
        var identity = LinkIdentity.FromCertificate(certificate)!;
        Assert.Equal((LinkClientKind.Developer, KeyId, Account, ""), (identity.Kind, identity.SubjectId, identity.AccountId, identity.GatewayId));
        Assert.Equal(_time.GetUtcNow() + DeveloperCertificates.Lifetime, identity.ExpiresAt);
        var own = LinkClientId.OfKeyPair(KeyId, certificate.PublicKey);
        Assert.True(identity.Owns(own));
        Assert.False(identity.Owns(LinkClientId.New(KeyId)));
        Assert.False(identity.Owns(own.ToUpperInvariant()));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var second = Issue(other);
        Assert.False(LinkIdentity.FromCertificate(second)!.Owns(own));
        Assert.False(certificate.HasPrivateKey);
    }

    [Fact]
    public void It_ends_with_its_API_key()
    {
        using var certificate = Issue(_key, _time.GetUtcNow().AddMinutes(10));
        Assert.Equal(_time.GetUtcNow().AddMinutes(10), certificate.NotAfter.ToUniversalTime());
        _time.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(1));
        Assert.False(CertificateTrust.IsTrustedDeveloper(certificate, Roots, _time));
    }

    [Fact]
    public async Task Neither_kind_of_certificate_passes_for_the_other()
    {
        using var developer = Issue(_key);
        var issued = await new CertificateAuthority(_keys, _time).IssueGatewayCertificateAsync(Request(_key), _key.ExportSubjectPublicKeyInfo(), Account, "gw-00000000000000000001");
        using var gateway = X509Certificate2.CreateFromPem(issued.CertificatePem);
        Assert.True(CertificateTrust.IsTrustedDeveloper(developer, Roots, _time));
        Assert.False(CertificateTrust.IsTrustedClient(developer, Roots, _time));
        Assert.True(CertificateTrust.IsTrustedClient(gateway, Roots, _time));
        Assert.False(CertificateTrust.IsTrustedDeveloper(gateway, Roots, _time));

        // Even signed by our own CA: a name of the one kind with the usage of the other is nobody's, and so are both usages at once.
        foreach (var (subject, usages) in new[] { (KeyId, new[] { CertificateTrust.ClientUsage }), ("gw-00000000000000000001", [CertificateTrust.DeveloperUsage]), (KeyId, [CertificateTrust.DeveloperUsage, CertificateTrust.ClientUsage]), (KeyId, []) })
        {
            using var mixed = Sign(subject, usages);
            Assert.Null(LinkIdentity.FromCertificate(mixed));
        }

        using var right = Sign(KeyId, [CertificateTrust.DeveloperUsage]);
        Assert.NotNull(LinkIdentity.FromCertificate(right));
    }

    [Fact]
    public void What_is_no_request_for_a_P256_key_is_an_invalid_argument()
    {
        using var large = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        foreach (var request in new[] { [], new byte[100_000], Request(large) })
            Assert.Equal(ErrorCodes.InvalidArgument, Assert.Throws<TidegateException>(() => new DeveloperCertificates(_keys, _time).Issue(request, Account, KeyId, null)).Code);
    }

    public void Dispose()
    {
        _key.Dispose();
        _keys.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private X509Certificate2 Issue(ECDsa key, DateTimeOffset? keyEndsAt = null) => new DeveloperCertificates(_keys, _time).Issue(Request(key), Account, KeyId, keyEndsAt);

    private X509Certificate2 Sign(string subject, Oid[] usages)
    {
        var request = new CertificateRequest($"O={Account}, CN={subject}", _key, HashAlgorithmName.SHA256);
        if (usages.Length > 0) request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages], true));
        return _keys.Sign(request, _time.GetUtcNow(), _time.GetUtcNow().AddHours(1));
    }

    private static byte[] Request(ECDsa key) => new CertificateRequest("CN=whatever the client writes", key, HashAlgorithmName.SHA256).CreateSigningRequest();
}
