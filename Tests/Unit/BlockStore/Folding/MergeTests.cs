using Tidegate.BlockStore.Diff;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Unit.BlockStore.Reclaim;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Folding;

/// <summary>
/// Folds keep blocks at few frames, at a bounded price: what was merged reads the same everywhere, is counted exactly, and is no change.
/// </summary>
public sealed class MergeTests
{
    private const int Blocks = 24;

    [Fact]
    public async Task Blocks_written_sector_by_sector_are_kept_at_four_frames_with_snapshots_window_and_clones_intact()
    {
        var volume = await FilledAsync(new Retention(TimeSpan.FromDays(9), TimeSpan.FromDays(4), TimeSpan.FromDays(20)));
        var random = new Random(5);
        VolumeScenario? clone = null;
        for (var day = 0; day < 60; day++)
        {
            for (var block = 0; block < Blocks; block++)
                if (random.Next(2) == 0) volume.Write((block * 16) + random.Next(16), 1);
            if (random.Next(6) == 0) volume.Discard(random.Next(Blocks * 16), random.Next(1, 9));
            await volume.CommitAsync(day % 13 == 5 ? [$"snap-{day}"] : []);
            if (day % 2 == 0) await volume.FoldAsync();
            if (day == 30) clone = await volume.CloneAsync("vol-2", "snap-5");
            if (day % 10 == 9) await ReclaimScenario.CompactAsync(volume);
            if (day % 20 == 19) await ReclaimScenario.DeleteAsync(volume, $"snap-{(day / 13 * 13) + 5 - (day % 13 < 5 ? 13 : 0)}");
        }
        await volume.FoldAsync();
        var frames = await FramesAsync(volume);
        Assert.True(frames.Max() <= 4, $"a block has {frames.Max()} frames");
        Assert.Contains(volume.Store.Keys, key => key.Contains("/compact/", StringComparison.Ordinal));
        await ReclaimScenario.VerifyAsync(volume);
        await clone!.VerifyAsync();
    }

    [Fact]
    public async Task A_crowded_block_comes_to_four_frames_and_its_large_frame_is_not_written_again()
    {
        var volume = await FilledAsync(Retention.None);
        var large = (await FragmentsAsync(volume, 0)).Single();
        for (var sector = 0; sector < 9; sector++)
        {
            volume.Write(sector, 1);
            await volume.CommitAsync();
        }
        volume.Write(5000, 1);
        await volume.CommitAsync();
        await volume.FoldAsync();
        var fragments = await FragmentsAsync(volume, 0);
        Assert.Equal(4, fragments.DistinctBy(fragment => fragment.Frame).Count());
        Assert.Contains(fragments, fragment => fragment.Frame == large.Frame && fragment.Mask == 0xfe00);
        var merged = fragments.Where(fragment => fragment.IsMerged).ToArray();
        Assert.Equal(7, merged.Length);
        Assert.Single(merged.Select(fragment => fragment.Frame).Distinct());
        Assert.Equal(7, merged.Select(fragment => fragment.Birth).Distinct().Count());
        var segment = merged[0].Segment;
        Assert.Equal(volume.Head.CommittedSequence, segment.Identity.Sequence);
        var reader = await volume.Segments.OpenAsync(segment, default);
        Assert.Equal(FrameCodec.Zstd, reader.Index.Entries.Single().Codec);
        await ReclaimScenario.VerifyAsync(volume);
    }

    [Fact]
    public async Task A_leaf_with_fewer_crowded_blocks_than_it_takes_is_left_as_it_is()
    {
        var volume = await FilledAsync(Retention.None);
        volume.Merging = new MergeOptions();
        await CrowdAsync(blocks: 7);
        Assert.Equal(Enumerable.Repeat(6, 7).Concat(Enumerable.Repeat(1, Blocks - 7)), await FramesAsync(volume));
        Assert.DoesNotContain(volume.Store.Keys, key => key.Contains("/compact/", StringComparison.Ordinal));
        await CrowdAsync(blocks: 8);
        Assert.Equal(Enumerable.Repeat(4, 8).Concat(Enumerable.Repeat(1, Blocks - 8)), await FramesAsync(volume));
        await ReclaimScenario.VerifyAsync(volume);

        async Task CrowdAsync(int blocks)
        {
            for (var sector = 0; sector < 5; sector++)
            {
                for (var block = 0; block < blocks; block++) volume.Write((block * 16) + sector, 1);
                await volume.CommitAsync();
            }
            volume.Write(5000, 1);
            await volume.CommitAsync();
            await volume.FoldAsync();
        }
    }

    [Fact]
    public async Task A_merge_is_no_change_and_hides_none()
    {
        var volume = await FilledAsync(Retention.None);
        for (var sector = 0; sector < 14; sector++)
        {
            volume.Write(sector, 1);
            volume.Write(16 + sector, 1);
            await volume.CommitAsync(sector == 13 ? ["before"] : []);
        }
        volume.Merging = new MergeOptions { MinBlocks = 1, TargetFrames = 15 };
        await volume.FoldAsync();
        Assert.Equal(15, (await FragmentsAsync(volume, 0)).Count);
        volume.Merging = new MergeOptions { MinBlocks = 1 };
        // The second block's last write goes over sectors that were merged, in the same fold.
        volume.Write(16 + 3, 1);
        await volume.CommitAsync("after");
        await volume.FoldAsync();
        Assert.Equal(4, (await FragmentsAsync(volume, 0)).DistinctBy(fragment => fragment.Frame).Count());
        var before = await volume.OpenAsync((await volume.OpenCatalogue().FindSnapshotAsync("before"))!.Image);
        var after = await volume.OpenAsync((await volume.OpenCatalogue().FindSnapshotAsync("after"))!.Image);
        Assert.Equal(1u, Assert.Single(await ImageDiff.ChangedBlocksAsync(before, after).ToArrayAsync()));
        Assert.Equal(1u, Assert.Single(await ImageDiff.ChangedBlocksAsync(after, before).ToArrayAsync()));
        volume.Discard(7, 1);
        await volume.CommitAsync();
        await volume.FoldAsync();
        Assert.Equal(0u, Assert.Single(await ImageDiff.ChangedBlocksAsync(after, await volume.OpenAsync()).ToArrayAsync()));
        await ReclaimScenario.VerifyAsync(volume);
    }

    [Fact]
    public async Task Merging_costs_no_more_than_its_share_of_what_was_written()
    {
        var volume = await FilledAsync(Retention.None);
        volume.Merging = new MergeOptions { MinBlocks = 1, FreeBytes = 0, Share = 0.25 };
        var random = new Random(8);
        long written = 0, merged = 0;
        for (var round = 0; round < 12; round++)
        {
            for (var commit = 0; commit < 10; commit++)
            {
                for (var write = 0; write < 20; write++) volume.Write(random.Next(Blocks * 16), 1);
                await volume.CommitAsync();
            }
            var fold = (await volume.PrepareFoldAsync())!;
            written += fold.Folded.Sum(entry => (long)entry.FrameBytes);
            merged += fold.Born.Where(life => life.Segment.Identity.Kind == SegmentKind.Compact).Sum(life => life.TotalBytes);
            await volume.SaveAsync(await volume.PublishAsync((await volume.PrepareAsync(fold))!));
        }
        Assert.InRange(merged, written / 50, written / 4);
        await ReclaimScenario.VerifyAsync(volume);
    }

    [Fact]
    public async Task A_frame_that_cannot_be_read_keeps_its_block_as_it_is_and_no_fold_from_being_made()
    {
        var volume = await FilledAsync(Retention.None);
        for (var sector = 0; sector < 10; sector++)
        {
            volume.Write(sector, 1);
            if (sector != 4) volume.Write(16 + sector, 1);
            await volume.CommitAsync();
        }
        var victim = volume.Head.Tail.Inline[4].Segment;
        volume.Store.Tamper(victim.Identity.BlobKey, bytes =>
        {
            bytes[SegmentFormat.HeaderBytes + 3] ^= 1;
            return bytes;
        });
        await volume.FoldAsync();
        Assert.Equal(11, (await FragmentsAsync(volume, 0)).DistinctBy(fragment => fragment.Frame).Count());
        Assert.InRange((await FragmentsAsync(volume, 1)).DistinctBy(fragment => fragment.Frame).Count(), 4, 5);
    }

    [Fact]
    public async Task What_an_origin_wrote_stays_the_origins()
    {
        var origin = await FilledAsync(Retention.None);
        for (var sector = 0; sector < 7; sector++)
        {
            origin.Write(sector, 1);
            await origin.CommitAsync(sector == 6 ? ["cut"] : []);
        }
        origin.Merging = new MergeOptions { MinBlocks = 1, TargetFrames = 15 };
        await origin.FoldAsync();
        var clone = await origin.CloneAsync("vol-2", "cut");
        for (var sector = 8; sector < 14; sector++)
        {
            clone.Write(sector, 1);
            await clone.CommitAsync();
        }
        await clone.FoldAsync();
        var fragments = await FragmentsAsync(clone, 0);
        Assert.Equal(8, fragments.Count(fragment => fragment.Segment.Identity.Owner == origin.Lineage));
        Assert.Single(fragments.Where(fragment => fragment.IsMerged).Select(fragment => fragment.Frame).Distinct());
        await ReclaimScenario.VerifyAsync(clone);
        await ReclaimScenario.VerifyAsync(origin);
    }

    [Fact]
    public void Every_option_out_of_range_is_named()
    {
        var error = Assert.Throws<ArgumentException>(() => new MergeOptions
        {
            TargetFrames = 0,
            MinBlocks = 513,
            Share = -1,
            FreeBytes = -1,
            ParallelReads = 0,
        }.Validated());
        foreach (var property in typeof(MergeOptions).GetProperties()) Assert.Contains(property.Name, error.Message, StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyList<Tidegate.BlockStore.Maps.MapFragment>> FragmentsAsync(VolumeScenario volume, uint block) =>
        await (await volume.OpenAsync()).ResolveAsync(block, default);

    private static async Task<IReadOnlyList<int>> FramesAsync(VolumeScenario volume)
    {
        var frames = new List<int>();
        for (var block = 0u; block < Blocks; block++) frames.Add((await FragmentsAsync(volume, block)).DistinctBy(fragment => fragment.Frame).Count());
        return frames;
    }

    /// <summary>Whole blocks side by side, folded.</summary>
    private static async Task<VolumeScenario> FilledAsync(Retention retention)
    {
        var volume = new VolumeScenario { Retention = retention };
        volume.Write(0, Blocks * 16);
        await volume.CommitAsync();
        await volume.FoldAsync();
        return volume;
    }
}
