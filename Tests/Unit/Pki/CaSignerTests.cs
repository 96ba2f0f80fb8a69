using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Grain;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Pki;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.Unit.Pki;

/// <summary>A CA whose key is in another process: the silo's side against the real signer (<c>docs/protocols/ca-signer.md</c>).</summary>
public sealed class CaSignerTests : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-signer-").FullName;
    private ManagedProcess? _signer;

    private string State => Path.Combine(_directory, "state");

    private string Socket => Path.Combine(_directory, "signer.sock");

    [Fact]
    public async Task Certificates_are_signed_by_a_process_that_alone_has_the_key_and_not_while_it_is_away()
    {
        Assert.Contains("cannot be used", Assert.Throws<CaException>(() => Open()).Message, StringComparison.Ordinal);
        await StartAsync();
        using var store = Open();
        var authority = new CertificateAuthority(store, TimeProvider.System);
        using var server = authority.IssueServerCertificate([]);
        Assert.True(CertificateTrust.IsTrusted(server, authority.Roots, CertificateTrust.ServerUsage, TimeProvider.System));
        // What the silo keeps holds no private key.
        Assert.DoesNotContain(Directory.GetFiles(State), file => File.ReadAllText(file).Contains("PRIVATE KEY", StringComparison.Ordinal));

        await _signer!.KillAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        var away = await Assert.ThrowsAsync<TidegateException>(() => authority.IssueGatewayCertificateAsync(request, key.ExportSubjectPublicKeyInfo(), "123456789012", "gw-00000000000000000001"));
        Assert.Equal(ErrorCodes.Unavailable, away.Code);
        await StartAsync();
        var issued = await authority.IssueGatewayCertificateAsync(request, key.ExportSubjectPublicKeyInfo(), "123456789012", "gw-00000000000000000001");
        using var client = X509Certificate2.CreateFromPem(issued.CertificatePem);
        Assert.True(CertificateTrust.IsTrustedClient(client, authority.Roots, TimeProvider.System));

        // Names are files of the directory and nothing else.
        var keys = new SignerCaKeyProvider(Socket);
        Assert.Throws<CaException>(() => keys.GetPublicKey("../keys/ca-key.pem"));
        Assert.Throws<CaException>(() => keys.Sign("missing.pem", [1]));
    }

    public async ValueTask DisposeAsync()
    {
        if (_signer is not null) await _signer.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    private CaStore Open() => CaStore.Open(State, TimeProvider.System, new SignerCaKeyProvider(Socket));

    private async Task StartAsync()
    {
        var keys = Path.Combine(_directory, "keys");
        Directory.CreateDirectory(keys);
        if (_signer is not null) await _signer.DisposeAsync();
        File.Delete(Socket);
        _signer = ManagedProcess.Start(
            "signer", Repository.Program("Silo"), ["ca", "signer", "--keys", keys, "--socket", Socket, "--make", CaStore.FirstKey], Path.Combine(_directory, "signer.log"),
            Path.Combine(_directory, "no-ready-file"), new Dictionary<string, string>());
        await Eventually.TrueAsync("the signer serves", () => Task.FromResult(File.Exists(Socket) && Answers()));
    }

    private bool Answers()
    {
        try
        {
            return new SignerCaKeyProvider(Socket).GetPublicKey(CaStore.FirstKey).Length > 0;
        }
        catch (CaException)
        {
            return false;
        }
    }
}
