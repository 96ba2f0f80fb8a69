using System.Text.Json.Nodes;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Nbd;

/// <summary>Clients that others wrote, as they are installed, agree with the NBD server (docs/protocols/nbd.md).</summary>
public abstract class RealClientTests(bool hasWriteLog) : IAsyncLifetime
{
    private const int SizeBytes = 48 * 1024 * 1024;
    private ServedVolume _volume = null!;

    public async ValueTask InitializeAsync() => _volume = await ServedVolume.StartAsync(SizeBytes, hasWriteLog);

    public async ValueTask DisposeAsync()
    {
        await _volume.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Nbdinfo_reads_size_and_features()
    {
        foreach (var uri in new[] { _volume.TcpUri, _volume.UnixUri })
        {
            var export = (await RunAsync("nbdinfo", "--json", uri)).Json["exports"]![0]!;
            Assert.Equal(SizeBytes, (long)export["export-size"]!);
            Assert.Equal([512, 4096, 32 * 1024 * 1024], new[] { "minimum", "preferred", "maximum" }.Select(n => (int)export[$"block_size_{n}"]!));
            foreach (var feature in new[] { "cache", "df", "fast_zero", "flush", "fua", "multi_conn", "trim", "zero" })
                Assert.True((bool)export[$"can_{feature}"]!, feature);
            Assert.Equal("base:allocation", (string)export["contexts"]![0]!);
        }
    }

    [Fact]
    public async Task Nbdinfo_lists_the_export_and_a_wrong_name_fails()
    {
        var listed = await RunAsync("nbdinfo", "--list", "--json", _volume.TcpUri[..^"disk".Length]);
        Assert.Equal("disk", (string)listed.Json["exports"]![0]!["export-name"]!);
        var wrong = await ProgramRunner.RunAsync(Repository.Tool("nbdinfo"), [_volume.TcpUri + "x"]);
        Assert.NotEqual(0, wrong.ExitCode);
        Assert.Contains("server replied with error", wrong.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nbdcopy_brings_an_image_in_and_out_with_its_holes(bool tcp)
    {
        var uri = tcp ? _volume.TcpUri : _volume.UnixUri;
        var image = _volume.ImageWithHole("in.img", SizeBytes, seed: 3);
        await RunAsync("nbdcopy", "--flush", image, uri);
        await RunAsync("nbdcopy", uri, _volume.PathOf("out.img"));
        await RunAsync("cmp", image, _volume.PathOf("out.img"));
        var map = JsonNode.Parse((await RunAsync("nbdinfo", "--map", "--json", uri)).Output)!.AsArray();
        Assert.Equal([0, 3, 0], map.Select(e => (int)e!["type"]!));
        Assert.Equal(SizeBytes, map.Sum(e => (long)e!["length"]!));
    }

    [Fact]
    public async Task Qemu_finds_its_own_image_again()
    {
        var image = _volume.ImageWithHole("in.img", SizeBytes, seed: 4);
        await RunAsync("nbdcopy", image, _volume.TcpUri);
        Assert.Contains("identical", (await RunAsync("qemu-img", "compare", "-f", "raw", "-F", "raw", image, _volume.TcpUri)).Output, StringComparison.Ordinal);
        // And a single changed byte is found.
        await QemuIoAsync("write -P 0x5a 40000000 1");
        var changed = await ProgramRunner.RunAsync(Repository.Tool("qemu-img"), ["compare", "-f", "raw", "-F", "raw", image, _volume.TcpUri]);
        Assert.Equal(1, changed.ExitCode);
    }

    [Fact]
    public Task Qemu_io_writes_zeroes_discards_and_verifies() => QemuIoAsync(
        "write -P 0xaa 0 4M", "write -f -P 0xbb 1M 64k", "flush", "read -P 0xaa 0 1M", "read -P 0xbb 1M 64k",
        "write -z -u 2M 1M", "read -P 0 2M 1M", "write -z 3M 4k", "read -P 0 3M 4k", "read -P 0xaa 3149824 512",
        "discard 0 1M", "read -P 0 0 1M", "aio_write -P 1 8M 512k", "aio_write -P 2 9M 512k", "aio_write -P 3 10M 33", "aio_flush",
        "read -P 1 8M 512k", "read -P 2 9M 512k", "read -P 3 10M 33");

    [Fact]
    public async Task Libnbd_speaks_every_request()
    {
        // The module belongs to the system's Python, which need not be the first one on PATH.
        const string python = "/usr/bin/python3";
        var script = Path.Combine(AppContext.BaseDirectory, "Nbd", "every_request.py");
        _ = Repository.Tool("nbdsh");
        var result = await ProgramRunner.RunAsync(python, [script, _volume.TcpUri, _volume.UnixUri]);
        Assert.EndsWith("every request answered\n", result.Succeeded().Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("randwrite", "4k", 32)]
    [InlineData("randrw", "512-96k", 16)]
    [InlineData("write", "1m", 4)]
    public async Task Fio_verifies_what_it_wrote(string pattern, string blockSize, int depth)
    {
        List<string> arguments =
        [
            "--name=verify", "--ioengine=nbd", $"--uri={_volume.TcpUri}", $"--rw={pattern}", $"--iodepth={depth}", "--size=32m",
            "--verify=crc32c", "--do_verify=1", "--verify_fatal=1", "--randseed=7", "--fsync=64",
            blockSize.Contains('-', StringComparison.Ordinal) ? $"--bsrange={blockSize}" : $"--bs={blockSize}",
        ];
        var result = (await ProgramRunner.RunAsync(Repository.Tool("fio"), arguments, environment: null)).Succeeded();
        Assert.Contains("err= 0", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_killed_in_the_middle_disturbs_nobody()
    {
        using var killed = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            Repository.Tool("fio"), $"--name=k --ioengine=nbd --uri={_volume.TcpUri} --rw=randwrite --bs=128k --iodepth=16 --size=16m --time_based --runtime=60")
        {
            RedirectStandardOutput = true,
        })!;
        // It is certainly writing once bytes of its own are in its half.
        await Eventually.TrueAsync("the client writes", async () =>
            (await ProgramRunner.RunAsync(Repository.Tool("qemu-io"), ["-f", "raw", "-c", "read -P 0 0 16M", _volume.TcpUri])).ExitCode != 0);
        killed.Kill(entireProcessTree: true);
        await QemuIoAsync("write -P 7 32M 1M", "flush", "read -P 7 32M 1M");
    }

    private static async Task<ProgramResult> RunAsync(string tool, params string[] arguments) =>
        (await ProgramRunner.RunAsync(Repository.Tool(tool), arguments)).Succeeded();

    private async Task QemuIoAsync(params string[] commands)
    {
        var result = await RunAsync("qemu-io", ["-f", "raw", "-t", "none", .. commands.SelectMany(c => new[] { "-c", c }), _volume.TcpUri]);
        Assert.DoesNotContain("verification failed", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("failed", result.Errors, StringComparison.Ordinal);
    }
}
