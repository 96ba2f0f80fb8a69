using CsCheck;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Diff;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Images;

/// <summary>Whole histories against the model: what is read, what snapshots keep, what folds count, what diffs find.</summary>
public sealed class ImageScenarioTests
{
    // Regions that share blocks, leaves, and each level of the tree: 40 GiB has three.
    private static readonly long[] Regions = [0, 40, 16 * 512 - 20, 16 * 600, (16L << 18) - 8, 16L << 18, (16L << 19) + 5, (VolumeScenario.DefaultSize / 4096) - 64];

    private static readonly Gen<(int Kind, int Region, int Offset, int Count)[]> Histories =
        Gen.Select(Gen.Int[0, 19], Gen.Int[0, Regions.Length - 1], Gen.Int[0, 30], Gen.Int[1, 33]).Array[5, 60];

    [Fact]
    public void I4_I13_every_snapshot_reads_as_the_volume_was_whatever_was_folded_since()
    {
        Histories.SampleFixed(history => RunAsync(history).GetAwaiter().GetResult(), iter: 60);
    }

    [Fact]
    public void A_clone_reads_its_origins_cut_and_lives_on_alone()
    {
        Gen.Select(Histories, Histories).SampleFixed(
            histories =>
                RunCloneAsync(histories.Item1, histories.Item2).GetAwaiter().GetResult(), iter: 25);
    }

    private static async Task RunAsync((int, int, int, int)[] history)
    {
        var volume = new VolumeScenario();
        await PlayAsync(volume, history);
        await VerifyAllAsync(volume);
        await volume.FoldAsync();
        Assert.Equal(0, volume.Head.Tail.Count);
        await VerifyAllAsync(volume);
        await VerifyAccountsAsync(volume);
        await VerifyDiffsAsync(volume);
    }

    private static async Task RunCloneAsync((int, int, int, int)[] before, (int, int, int, int)[] after)
    {
        var origin = new VolumeScenario();
        await PlayAsync(origin, before);
        await origin.CommitAsync("cut");
        var clone = origin.Clone("vol-2", "cut", (await origin.OpenCatalogue().FindSnapshotAsync("cut"))!);
        await clone.VerifyAsync();
        await PlayAsync(origin, after[..(after.Length / 2)]);
        await origin.FoldAsync();
        await PlayAsync(clone, after);
        await VerifyAllAsync(clone);
        await clone.FoldAsync();
        await VerifyAllAsync(clone);
        await VerifyAllAsync(origin);
        await VerifyAccountsAsync(clone);
        await foreach (var life in clone.OpenCatalogue().ListLivesAsync()) Assert.Equal(clone.Lineage, life.Segment.Identity.Owner);
    }

    private static async Task PlayAsync(VolumeScenario volume, (int Kind, int Region, int Offset, int Count)[] history)
    {
        var snapshots = volume.SnapshotModels.Count;
        foreach (var (kind, region, offset, count) in history)
        {
            var sector = Regions[region] + offset;
            switch (kind)
            {
                case < 10: volume.Write(sector, count); break;
                case < 12: volume.Discard(sector, count); break;
                case 12: volume.Discard(Regions[region] / 8192 * 8192, 8192L * count); break;
                case 13 when offset == 7: volume.Discard(0, VolumeScenario.DefaultSize / 4096); break;
                case 14: await volume.CommitAsync($"{volume.Lineage.VolumeId}-snap-{snapshots++}"); break;
                case 15: await volume.FoldAsync(); break;
                default: await volume.CommitAsync(); break;
            }
        }
        await volume.CommitAsync();
    }

    private static async Task VerifyAllAsync(VolumeScenario volume)
    {
        await volume.VerifyAsync();
        foreach (var (id, model) in volume.SnapshotModels)
        {
            var snapshot = await volume.OpenCatalogue().FindSnapshotAsync(id);
            await volume.VerifyAsync(snapshot!.Image, model);
        }
    }

    /// <summary>Live bytes are those that a walk of the map finds; what is held is what is in its dead lists.</summary>
    private static async Task VerifyAccountsAsync(VolumeScenario volume)
    {
        var walked = new Dictionary<SegmentIdentity, long>();
        var map = new MapReader(volume.Segments, 1 << 20);
        if (volume.Head.Root is { } root) await WalkAsync(root.Page, root.Level, 0);
        var catalogue = volume.OpenCatalogue();
        var dead = new Dictionary<(long, BlobNonce), long>();
        await foreach (var death in catalogue.ListDeathsAsync())
        {
            Assert.True(death.Birth <= death.Death, $"born {death.Birth}, dead {death.Death}");
            var key = (death.SegmentSequence, death.SegmentNonce);
            dead[key] = dead.GetValueOrDefault(key) + death.Bytes;
        }
        var subtrees = new List<DeadSubtree>();
        await foreach (var subtree in catalogue.ListSubtreesAsync()) subtrees.Add(subtree);
        foreach (var subtree in subtrees) await WalkAsync(subtree.Page, subtree.Level, subtree.Number);
        var counted = new HashSet<SegmentIdentity>();
        await foreach (var life in catalogue.ListLivesAsync())
        {
            counted.Add(life.Segment.Identity);
            Assert.Equal(walked.GetValueOrDefault(life.Segment.Identity), life.LiveBytes);
            Assert.Equal(
                life.HeldBytes, dead.GetValueOrDefault((life.Segment.Identity.Sequence, life.Segment.Identity.Nonce)));
        }
        Assert.DoesNotContain(walked.Keys, segment => segment.Owner == volume.Lineage && !counted.Contains(segment));

        async Task WalkAsync(PageReference page, int level, long number)
        {
            walked[page.Segment.Identity] = walked.GetValueOrDefault(page.Segment.Identity) + page.StoredBytes;
            var loaded = await map.GetAsync(page, level, number, default);
            // A merged frame has a fragment for each birth.
            foreach (var fragment in loaded.Blocks.Values.SelectMany(fragments => fragments.DistinctBy(fragment => (fragment.Segment, fragment.Index))))
                walked[fragment.Segment.Identity] = walked.GetValueOrDefault(fragment.Segment.Identity) + fragment.StoredBytes;
            foreach (var (slot, child) in loaded.Children) await WalkAsync(child, level - 1, (number * 512) + slot);
        }
    }

    private static async Task VerifyDiffsAsync(VolumeScenario volume)
    {
        var points = new List<(SnapshotRecord Record, Dictionary<long, int> Model)>();
        foreach (var (id, model) in volume.SnapshotModels) points.Add(((await volume.OpenCatalogue().FindSnapshotAsync(id))!, model));
        foreach (var (one, two) in points.Zip(points.Skip(1)))
        {
            var changed = new List<uint>();
            await foreach (var block in ImageDiff.ChangedBlocksAsync(
                await volume.OpenAsync(one.Record.Image), await volume.OpenAsync(two.Record.Image))) changed.Add(block);
            var expected = one.Model.Keys.Union(two.Model.Keys)
                .Where(sector => one.Model.GetValueOrDefault(sector) != two.Model.GetValueOrDefault(sector))
                .Select(sector => (uint)(sector / 16)).Distinct().Order();
            Assert.Equal(expected, changed);
            foreach (var first in changed.SelectMany(block => new[] { block, block + 1 }).Where((_, index) => index % 5 == 0))
            {
                var rest = new List<uint>();
                await foreach (var block in ImageDiff.ChangedBlocksAsync(
                    await volume.OpenAsync(one.Record.Image), await volume.OpenAsync(two.Record.Image), first)) rest.Add(block);
                Assert.Equal(changed.Where(block => block >= first), rest);
            }
        }
    }
}
