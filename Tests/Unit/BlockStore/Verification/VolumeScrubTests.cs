using Tidegate.BlockStore.Verification;
using Tidegate.Tests.Kit.Time;
using Tidegate.Tests.Unit.BlockStore.Rebuild;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Verification;

/// <summary>How fast a scrub reads, and that it goes on where it was.</summary>
public sealed class VolumeScrubTests
{
    [Theory]
    [InlineData(64 << 10)]
    [InlineData(1 << 20)]
    [InlineData(16 << 20)]
    public async Task A_scrub_reads_no_faster_than_its_rate_and_not_much_slower(long bytesPerSecond)
    {
        using var stored = await StoredScenario.CreateAsync();
        var time = new WatchedTime();
        var began = time.GetUtcNow();
        var seen = new List<(TimeSpan At, long Bytes)>();
        var running = new VolumeScrub(stored.Volume.Store, stored.Volume.Ring, bytesPerSecond, time).RunAsync(
            stored.Volume.Head, stored.Volume.Relocations, "",
            progress =>
            {
                seen.Add((time.GetUtcNow() - began, progress.Bytes));
                return Task.CompletedTask;
            },
            default);
        // Pauses are whole milliseconds.
        var step = TimeSpan.FromMilliseconds(1);
        await time.RunWaitsAsync(running, TimeSpan.MaxValue);
        var end = await running;
        Assert.InRange(end.Bytes, 100_000, long.MaxValue);
        var due = TimeSpan.FromSeconds((double)end.Bytes / bytesPerSecond);
        // Less than a step is left unpaid.
        Assert.InRange(time.GetUtcNow() - began, due - step, due);
        // At every moment what was read before the last blob has been paid for.
        foreach (var ((_, before), (at, _)) in seen.Zip(seen.Skip(1)))
            Assert.InRange(before, 0, (long)((at + step).TotalSeconds * bytesPerSecond) + 1);
    }

    [Fact]
    public async Task A_scrub_that_broke_off_goes_on_behind_the_last_blob_that_it_told_of()
    {
        using var stored = await StoredScenario.CreateAsync();
        var scrub = new VolumeScrub(stored.Volume.Store, stored.Volume.Ring, long.MaxValue, TimeProvider.System);
        var positions = new List<string>();
        Task<ScrubProgress> RunAsync(string from) => scrub.RunAsync(
            stored.Volume.Head, stored.Volume.Relocations, from,
            progress =>
            {
                positions.Add(progress.Position);
                return Task.CompletedTask;
            },
            default);
        await RunAsync("");
        var all = positions.ToArray();
        positions.Clear();
        var rest = await RunAsync(all[all.Length / 2]);
        Assert.Equal(all[(all.Length / 2 + 1)..], positions);
        Assert.Equal(positions.Count, rest.Blobs);
    }
}
