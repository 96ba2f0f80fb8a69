using Tidegate.Tests.Kit.Nbd;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Nbd;

/// <summary>Clients that others wrote, on other TLS libraries (docs/protocols/nbd.md, TLS).</summary>
public sealed class TlsClientTests : IAsyncLifetime
{
    private const int SizeBytes = 24 * 1024 * 1024;
    private readonly string _folder = Directory.CreateTempSubdirectory("tidegate-nbd-tls-").FullName;
    private NbdPki _pki = null!;
    private ServedVolume _volume = null!;

    public async ValueTask InitializeAsync()
    {
        _pki = new NbdPki(Path.Combine(_folder, "pki"), TimeProvider.System);
        _volume = await ServedVolume.StartAsync(SizeBytes, hasWriteLog: true, _pki.Files);
    }

    public async ValueTask DisposeAsync()
    {
        await _volume.DisposeAsync();
        _pki.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Libnbd_copies_in_and_out_over_several_connections()
    {
        var uri = Uri(Path.Combine(_folder, "pki"));
        var info = (await RunAsync("nbdinfo", "--json", uri)).Json;
        Assert.True((bool)info["TLS"]!);
        Assert.True((bool)info["exports"]![0]!["can_multi_conn"]!);
        var image = _volume.ImageWithHole("in.img", SizeBytes, seed: 8);
        await RunAsync("nbdcopy", "--connections=4", "--flush", image, uri);
        await RunAsync("nbdcopy", "--connections=4", uri, _volume.PathOf("out.img"));
        await RunAsync("cmp", image, _volume.PathOf("out.img"));
    }

    [Fact]
    public async Task Qemu_writes_and_compares()
    {
        var image = _volume.ImageWithHole("in.img", SizeBytes, seed: 9);
        await RunAsync("nbdcopy", image, Uri(Path.Combine(_folder, "pki")));
        var compared = await RunAsync("qemu-img", ["compare", .. QemuTls(Path.Combine(_folder, "pki")), "--image-opts", $"driver=raw,file.driver=file,file.filename={image}", QemuImage]);
        Assert.Contains("identical", compared.Output, StringComparison.Ordinal);
        var written = await RunAsync(
            "qemu-io", [.. QemuTls(Path.Combine(_folder, "pki")), "--image-opts", QemuImage, "-c", "write -P 0x5a 1M 3M", "-c", "flush", "-c", "read -P 0x5a 1M 3M"]);
        Assert.DoesNotContain("verification failed", written.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_without_tls_or_with_a_foreign_certificate_are_refused()
    {
        using var strangers = new NbdPki(Path.Combine(_folder, "strangers"), TimeProvider.System, "strangers");
        // They trust this server, and it does not trust them.
        File.Copy(_pki.CaFile, strangers.CaFile, overwrite: true);
        foreach (var uri in new[] { Uri(Path.Combine(_folder, "strangers")), $"nbd://{_volume.TcpAddress}/disk" })
        {
            var refused = await ProgramRunner.RunAsync(Repository.Tool("nbdinfo"), [uri]);
            Assert.NotEqual(0, refused.ExitCode);
        }
        var qemu = await ProgramRunner.RunAsync(Repository.Tool("qemu-img"), ["info", .. QemuTls(Path.Combine(_folder, "strangers")), "--image-opts", QemuImage]);
        Assert.NotEqual(0, qemu.ExitCode);
        await RunAsync("nbdinfo", Uri(Path.Combine(_folder, "pki")));
    }

    [Fact]
    public async Task A_client_that_trusts_another_authority_refuses_the_server()
    {
        using var others = new NbdPki(Path.Combine(_folder, "others"), TimeProvider.System, "others");
        var refused = await ProgramRunner.RunAsync(Repository.Tool("nbdinfo"), [Uri(Path.Combine(_folder, "others"))]);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("certificate", refused.Errors, StringComparison.OrdinalIgnoreCase);
    }

    private string QemuImage => $"driver=raw,file.driver=nbd,file.host=127.0.0.1,file.port={_volume.TcpAddress.Port},file.export=disk,file.tls-creds=tls0";

    private static string[] QemuTls(string folder) => ["--object", $"tls-creds-x509,id=tls0,dir={folder},endpoint=client"];

    private static async Task<ProgramResult> RunAsync(string tool, params string[] arguments) =>
        (await ProgramRunner.RunAsync(Repository.Tool(tool), arguments)).Succeeded();

    private string Uri(string certificates) => $"{_volume.TcpUri}?tls-certificates={System.Uri.EscapeDataString(certificates)}";
}
