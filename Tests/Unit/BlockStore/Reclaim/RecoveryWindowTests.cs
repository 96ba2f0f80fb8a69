using Tidegate.BlockStore.Reclaim;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Reclaim;

/// <summary>The scenario's service commits once a day.</summary>
public sealed class RecoveryWindowTests
{
    [Fact]
    public async Task I4_every_commit_of_the_window_reads_as_the_volume_was_and_none_before_it()
    {
        var volume = new VolumeScenario { Retention = new Retention(TimeSpan.FromDays(20), TimeSpan.Zero, TimeSpan.Zero) };
        await WriteAsync(volume, 60);
        var window = (await volume.OpenCatalogue().GetWindowAsync())!;
        Assert.InRange(window.FromSequence, 60 - 20 - 7, 60 - 20);
        for (var point = 1L; point <= 60; point++)
        {
            var found = await RecoveryPoints.FindAsync(volume.Head, volume.OpenCatalogue(), point, "point", volume.Segments, volume.Sealer);
            Assert.Equal(point >= window.FromSequence, found is not null);
            if (found is not { } known) continue;
            foreach (var blob in known.Blobs) await volume.PutAsync(blob, default);
            await volume.VerifyAsync(known.Cut.Image, volume.PointModels[point]);
        }
        await ReclaimScenario.VerifyAsync(volume);
    }

    [Fact]
    public async Task The_last_point_of_each_interval_is_kept_in_however_many_steps_the_window_moves_and_goes_in_its_time()
    {
        var often = new VolumeScenario { Retention = new Retention(TimeSpan.FromDays(4), TimeSpan.FromDays(5), TimeSpan.FromDays(30)) };
        await WriteAsync(often, 70);
        var seldom = new VolumeScenario { Retention = new Retention(TimeSpan.FromDays(100), TimeSpan.FromDays(5), TimeSpan.FromDays(30)) };
        await WriteAsync(seldom, 70);
        seldom.Retention = often.Retention;
        foreach (var volume in (VolumeScenario[])[often, seldom])
        {
            var moved = await Housekeeping.PrepareAsync(
                volume.Head, new ReclaimTerms(volume.Now, volume.Retention), [], [], volume.Segments, volume.Sealer);
            await ReclaimScenario.SaveAsync(volume, moved);
        }
        var kept = await KeptAsync(often);
        Assert.Equal(kept, await KeptAsync(seldom));
        Assert.InRange(kept.Length, 4, 6);
        Assert.Single(kept.Select(sequence => sequence % 5).Distinct());
        Assert.InRange(kept[0], 70 - 30 + 1, 70 - 24);
        await ReclaimScenario.VerifyAsync(often);
        await ReclaimScenario.VerifyAsync(seldom);

        var later = await Housekeeping.PrepareAsync(
            often.Head, new ReclaimTerms(often.Now.AddDays(31), often.Retention), [], [], often.Segments, often.Sealer);
        await ReclaimScenario.SaveAsync(often, later);
        Assert.Empty(await KeptAsync(often));
        await ReclaimScenario.VerifyAsync(often);
    }

    [Fact]
    public async Task With_no_window_only_what_no_fold_has_taken_can_be_gone_back_to()
    {
        var volume = new VolumeScenario { Retention = Retention.None };
        await WriteAsync(volume, 30);
        Assert.Equal(volume.Head.BaseSequence, (await volume.OpenCatalogue().GetWindowAsync())!.FromSequence);
        Assert.Empty(await volume.OpenCatalogue().ListDeathsAsync().ToArrayAsync());
    }

    private static async Task WriteAsync(VolumeScenario volume, int commits)
    {
        for (var i = 1; i <= commits; i++)
        {
            volume.Write(i * 7 % 50, 9);
            if (i % 9 == 0) volume.Discard(i, 30);
            await volume.CommitAsync();
            if (i % 6 == 0) await volume.FoldAsync();
        }
    }

    private static async Task<long[]> KeptAsync(VolumeScenario volume) =>
        await volume.OpenCatalogue().ListSnapshotsAsync().Where(cut => cut.SnapshotId.StartsWith(RecoveryPoints.KeptPrefix, StringComparison.Ordinal))
            .Select(cut => cut.Sequence).ToArrayAsync();
}
