using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Client.Proxies;
using Tidegate.GatewayAgent.Shadow;
using Xunit;

namespace Tidegate.Tests.Unit.Shadow;

/// <summary>Uploads over TLS to a server that takes what arrives: nothing is held back, left out or twice there.</summary>
public sealed class GatheredSendsTests : IDisposable
{
    private const int RecordBytes = 16 * 1024;
    private readonly X509Certificate2 _certificate = Certificate();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly HttpClient _client;

    public GatheredSendsTests()
    {
        _listener.Start();
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown!.GetCertHashString() == _certificate.GetCertHashString();
        _client = new HttpClient(GatheredSends.Attach(handler, new Dialler(null, Dialler.HttpLimit, TimeProvider.System)));
    }

    [Fact]
    public async Task Bodies_of_all_sizes_arrive_whole_one_after_the_other_on_one_connection()
    {
        // Whole records, one byte more and less, below and above what is gathered, and what is sent in several writes.
        int[] sizes = [1, RecordBytes, 2 * RecordBytes - 1, 2 * RecordBytes, 17 * RecordBytes + 1, 64 * RecordBytes, 3_000_001];
        var bodies = sizes.Select(size => RandomNumberGenerator.GetBytes(size)).ToArray();
        var served = ServeAsync(bodies.Length);
        foreach (var body in bodies)
        {
            using var request = new HttpRequestMessage(HttpMethod.Put, $"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/") { Content = new ByteArrayContent(body) };
            using var response = await _client.SendAsync(request);
            Assert.Equal(Convert.ToHexString(SHA256.HashData(body)), await response.Content.ReadAsStringAsync());
        }
        await served;
    }

    public void Dispose()
    {
        _client.Dispose();
        _listener.Dispose();
        _certificate.Dispose();
    }

    private async Task ServeAsync(int requests)
    {
        using var connection = await _listener.AcceptTcpClientAsync();
        await using var tls = new SslStream(connection.GetStream());
        await tls.AuthenticateAsServerAsync(_certificate);
        for (var i = 0; i < requests; i++)
        {
            var length = await ReadHeadAsync(tls);
            var body = new byte[length];
            await tls.ReadExactlyAsync(body);
            await tls.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n{Convert.ToHexString(SHA256.HashData(body))}"));
        }
    }

    private static async Task<int> ReadHeadAsync(SslStream tls)
    {
        var head = new List<byte>();
        var next = new byte[1];
        while (!head.TakeLast(4).SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            await tls.ReadExactlyAsync(next);
            head.Add(next[0]);
        }
        var line = System.Text.Encoding.ASCII.GetString([.. head]).Split("\r\n").Single(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return int.Parse(line["Content-Length:".Length..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var made = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}
