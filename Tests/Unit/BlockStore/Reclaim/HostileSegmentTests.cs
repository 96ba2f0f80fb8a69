using Tidegate.BlockStore.Reclaim;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Reclaim;

/// <summary>What an agent may seal and no honest one does: it is read as nothing, counted exactly, and given back.</summary>
public sealed class HostileSegmentTests
{
    private const long PastTheTree = 512 * 16;

    [Fact]
    public async Task Frames_past_the_end_of_the_tree_are_freed_with_their_segment_and_the_accounts_agree()
    {
        var volume = new VolumeScenario(sizeBytes: 2 << 20) { Retention = new Retention(TimeSpan.FromDays(1), TimeSpan.Zero, TimeSpan.Zero) };
        for (var day = 0; day < 6; day++)
        {
            volume.Write(day, 3);
            volume.Write(PastTheTree + (day * 40), 20);
            for (var i = 0; i < 20; i++) volume.Model.Remove(PastTheTree + (day * 40) + i);
            await volume.CommitAsync(day == 2 ? ["cut"] : []);
            if (day == 3) volume.Discard(0, PastTheTree * 4);
            if (day % 2 == 1) await volume.FoldAsync();
            await ReclaimScenario.VerifyAsync(volume);
        }

        await ReclaimScenario.DeleteAsync(volume, "cut");
        for (var sector = 0; sector < 16; sector++) volume.Write(sector, 1);
        await volume.CommitAsync();
        await volume.FoldAsync();
        await volume.CommitAsync();
        await volume.FoldAsync();
        await ReclaimScenario.VerifyAsync(volume);
        var lives = await volume.OpenCatalogue().ListLivesAsync().Where(life => life.Segment.Identity.Sequence < 6).Select(life => life.LiveBytes).ToArrayAsync();
        Assert.All(lives, bytes => Assert.Equal(0, bytes));
    }
}
