using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Tidegate.Client.Rest;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Xunit;

namespace Tidegate.Tests.Unit.Rest;

public sealed class PinnedTrustTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tidegate-pin-");

    [Fact]
    public async Task Only_the_pinned_authority_is_trusted()
    {
        var (authority, ours) = Authority("ours");
        var (_, theirs) = Authority("theirs");
        using var server = Server(authority, IPAddress.Loopback);
        await using var api = (await ServeAsync(server)).On("GET", "/v1/me", FakeReply.Ok(new CallerView(Role.AccountAdmin, "", "")));
        using var trusting = new TidegateRestClient(new RestClientOptions { Endpoint = api.Url, CaFile = ours });
        await trusting.GetCallerAsync();

        using var distrusting = new TidegateRestClient(new RestClientOptions { Endpoint = api.Url, CaFile = theirs });
        var error = await Assert.ThrowsAsync<TidegateException>(() => distrusting.GetCallerAsync());
        Assert.Equal(ErrorCodes.Unavailable, error.Code);
        Assert.Contains("CA file", error.NextStep, StringComparison.Ordinal);
        Assert.Single(api.Requests);
    }

    [Fact]
    public async Task A_certificate_of_another_name_is_refused()
    {
        var (authority, ours) = Authority("ours");
        using var server = Server(authority, IPAddress.Parse("192.0.2.1"));
        await using var api = await ServeAsync(server);
        using var client = new TidegateRestClient(new RestClientOptions { Endpoint = api.Url, CaFile = ours });
        Assert.Equal(ErrorCodes.Unavailable, (await Assert.ThrowsAsync<TidegateException>(() => client.GetCallerAsync())).Code);
        Assert.Empty(api.Requests);
    }

    [Fact]
    public void A_file_without_certificates_is_refused()
    {
        var file = Path.Combine(_folder.FullName, "empty.pem");
        File.WriteAllText(file, "nothing here\n");
        Assert.Contains("no certificate", Assert.Throws<TidegateException>(() => PinnedTrust.LoadRoots(file)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static Task<FakeApi> ServeAsync(X509Certificate2 certificate) =>
        FakeApi.StartAsync(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));

    private (X509Certificate2 Certificate, string File) Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        var file = Path.Combine(_folder.FullName, name + ".pem");
        File.WriteAllText(file, certificate.ExportCertificatePem());
        return (certificate, file);
    }

    private static X509Certificate2 Server(X509Certificate2 authority, IPAddress address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=server", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.Create(authority, now.AddMinutes(-30), now.AddMinutes(30), [1, 2, 3]);
        return certificate.CopyWithPrivateKey(key);
    }
}
