using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Tidegate.Client.Grain;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Link;
using Tidegate.Silo.Pki;
using Xunit;

namespace Tidegate.Tests.Unit.Pki;

/// <summary>The private CA: made once, trusted by itself alone, and signing nothing but what it was asked (M3.5).</summary>
public sealed class CertificateAuthorityTests : IDisposable
{
    private const string Account = "123456789012";
    private const string Gateway = "gw-00000000000000000001";
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-pki-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly CaStore _keys;
    private readonly CertificateAuthority _authority;

    public CertificateAuthorityTests()
    {
        _keys = CaStore.Open(_directory, _time);
        _authority = new CertificateAuthority(_keys, _time);
    }

    [Fact]
    public void It_is_made_once_and_its_key_is_its_owners_alone()
    {
        using var again = CaStore.Open(_directory, _time);
        Assert.Equal(_keys.Certificate.Thumbprint, again.Certificate.Thumbprint);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory, "ca-key.pem")));
        Assert.Equal(_keys.GetSecret("token", 32), again.GetSecret("token", 32));
        Assert.Throws<InvalidOperationException>(() => again.GetSecret("token", 16));
    }

    [Fact]
    public void A_key_that_others_may_read_is_refused()
    {
        File.SetUnixFileMode(Path.Combine(_directory, "ca-key.pem"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Contains("readable by others", Assert.Throws<InvalidOperationException>(() => CaStore.Open(_directory, _time)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateways_certificate_names_gateway_and_account_and_is_trusted_while_it_lasts()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var issued = await _authority.IssueGatewayCertificateAsync(Request(key), key.ExportSubjectPublicKeyInfo(), Account, Gateway);
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem);
        Assert.Equal(new LinkIdentity(Gateway, Account, certificate.GetCertHashString(HashAlgorithmName.SHA256), certificate.NotAfter), LinkIdentity.FromCertificate(certificate));
        Assert.True(Trusted(certificate));
        _time.Advance(CertificateAuthority.GatewayLifetime + TimeSpan.FromDays(1));
        Assert.False(Trusted(certificate));
    }

    [Fact]
    public void A_servers_certificate_serves_and_names_no_gateway()
    {
        using var certificate = _authority.IssueServerCertificate(["silo.example", "192.0.2.1"]);
        Assert.True(certificate.HasPrivateKey);
        Assert.False(Trusted(certificate));
        Assert.Null(LinkIdentity.FromCertificate(certificate));
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        Assert.Equal(["silo.example", "localhost"], names.EnumerateDnsNames());
        Assert.Equal([IPAddress.Parse("192.0.2.1"), IPAddress.Loopback, IPAddress.IPv6Loopback], names.EnumerateIPAddresses());
    }

    [Fact]
    public void A_client_judges_every_handshake_by_its_own_time()
    {
        var options = CertificateTrust.CreateClientOptions([_authority.Certificate], "silo.example", null, _time);
        _time.Advance(TimeSpan.FromDays(30));
        using var renewed = _authority.IssueServerCertificate(["silo.example"]);
        Assert.True(Accepts(renewed, SslPolicyErrors.None));
        Assert.True(Accepts(renewed, SslPolicyErrors.RemoteCertificateChainErrors));
        Assert.False(Accepts(renewed, SslPolicyErrors.RemoteCertificateChainErrors | SslPolicyErrors.RemoteCertificateNameMismatch));
        _time.Advance(TimeSpan.FromDays(400));
        Assert.False(Accepts(renewed, SslPolicyErrors.None));

        bool Accepts(X509Certificate2 certificate, SslPolicyErrors errors) => options.RemoteCertificateValidationCallback!(this, certificate, null, errors);
    }

    [Fact]
    public async Task Another_authoritys_certificate_is_not_trusted()
    {
        var other = Directory.CreateTempSubdirectory("tidegate-pki-").FullName;
        using var keys = CaStore.Open(other, _time);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var issued = await new CertificateAuthority(keys, _time).IssueGatewayCertificateAsync(Request(key), key.ExportSubjectPublicKeyInfo(), Account, Gateway);
        using var certificate = X509Certificate2.CreateFromPem(issued.CertificatePem);
        Directory.Delete(other, recursive: true);
        Assert.False(Trusted(certificate));
    }

    [Fact]
    public async Task A_request_for_another_key_bent_or_not_P256_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var large = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        var bent = Request(key);
        bent[^1] ^= 1;
        await RefusedAsync(Request(stranger), key);
        await RefusedAsync(bent, key);
        await RefusedAsync(Request(large), large);
        await RefusedAsync([], key);
        await RefusedAsync(new byte[100_000], key);
    }

    public void Dispose()
    {
        _keys.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task RefusedAsync(byte[] request, ECDsa expected)
    {
        var refused = await Assert.ThrowsAsync<TidegateException>(() => _authority.IssueGatewayCertificateAsync(request, expected.ExportSubjectPublicKeyInfo(), Account, Gateway));
        Assert.Equal(ErrorCodes.ActivationKeyInvalid, refused.Code);
    }

    private bool Trusted(X509Certificate2 certificate) => CertificateTrust.IsTrustedClient(certificate, [_authority.Certificate], _time);

    private static byte[] Request(ECDsa key) => new CertificateRequest("CN=whatever the agent writes", key, HashAlgorithmName.SHA256).CreateSigningRequest();
}
