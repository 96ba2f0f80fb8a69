using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.RoundTrip;

/// <summary>The proof that other tests and the demo rest on can fail: against somebody else's server, with an image altered by hand.</summary>
public sealed class JournalVerifierTests : IAsyncLifetime
{
    private const int Region = 8 << 20;
    private readonly string _folder = Directory.CreateTempSubdirectory("tidegate-journal-").FullName;
    private ManagedProcess? _server;
    private string Image => Path.Combine(_folder, "image");
    private string Uri => $"nbd+unix:///?socket={Path.Combine(_folder, "socket")}";

    public async ValueTask InitializeAsync()
    {
        await using (var image = File.Create(Image)) image.SetLength(Region);
        _server = ManagedProcess.Start("nbdkit", Repository.Tool("nbdkit"),
            ["-f", "-U", Path.Combine(_folder, "socket"), "file", Image], Path.Combine(_folder, "log"), Path.Combine(_folder, "ready"));
        await Eventually.TrueAsync("nbdkit listens", () => Task.FromResult(File.Exists(Path.Combine(_folder, "socket"))));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Accepts_what_was_written_and_catches_a_lost_a_foreign_and_a_late_write()
    {
        await using var writer = JournalledWriter.Start(Uri, _folder, 0, Region, seed: 3);
        await writer.MoreAsync(500);
        var early = (await File.ReadAllBytesAsync(Image), JournalledWriter.Now);
        await writer.MoreAsync(2000);
        var now = JournalledWriter.Now;
        await writer.StopAsync();

        Assert.True((await writer.VerifyAsync(Image)).Ok);
        Assert.True((await writer.VerifyAsync(Image, (now, long.MaxValue / 2))).Ok);

        // A write that was issued after the reply is in the image.
        var late = await writer.VerifyAsync(Image, (early.Now, early.Now));
        Assert.False(late.Ok);
        Assert.Contains("issued after the reply", late.Report.ToJsonString(), StringComparison.Ordinal);

        // One write falls back to what was there long before, with all of its sectors: the first that was made since, so that others came after it.
        var bytes = await File.ReadAllBytesAsync(Image);
        var sector = Enumerable.Range(0, Region / 4096).Where(s => !bytes.AsSpan(s * 4096, 4096).SequenceEqual(early.Item1.AsSpan(s * 4096, 4096)))
            .MinBy(s => BitConverter.ToInt64(bytes, s * 4096));
        var number = BitConverter.ToInt64(bytes, sector * 4096);
        for (var at = 0; at < bytes.Length; at += 4096)
            if (BitConverter.ToInt64(bytes, at) == number) early.Item1.AsSpan(at, 4096).CopyTo(bytes.AsSpan(at));
        var reverted = Path.Combine(_folder, "reverted");
        await File.WriteAllBytesAsync(reverted, bytes);
        var lost = await writer.VerifyAsync(reverted, (now, long.MaxValue / 2));
        Assert.False(lost.Ok);
        Assert.Contains("not a prefix", lost.Report.ToJsonString(), StringComparison.Ordinal);

        // One byte that nobody wrote.
        bytes[100] ^= 1;
        await File.WriteAllBytesAsync(reverted, bytes);
        Assert.Contains("no stamp", (await writer.VerifyAsync(reverted)).Report.ToJsonString(), StringComparison.Ordinal);
    }
}
