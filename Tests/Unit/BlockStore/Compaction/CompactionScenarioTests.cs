using CsCheck;
using Tidegate.BlockStore.Diff;
using Tidegate.BlockStore.Reclaim;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Compaction;

/// <summary>
/// Histories with compaction anywhere in them, against the model. Every blob that a job condemns is deleted at once, so whatever still
/// reads does so from where the job put it.
/// </summary>
public sealed class CompactionScenarioTests
{
    private const long Leaf = 16 * 512;
    private static readonly long[] Regions = [0, 40, Leaf - 20, 3 * Leaf, (Leaf * 512) - 8, VolumeScenario.DefaultSize / 4096 - 64];

    private static readonly Gen<(int Kind, int Region, int Offset, int Count)[]> Histories =
        Gen.Select(Gen.Int[0, 19], Gen.Int[0, Regions.Length - 1], Gen.Int[0, 30], Gen.Int[1, 33]).Array[20, 90];

    [Fact]
    public void I4_I5_I13_head_and_every_cut_read_the_same_after_any_compaction()
    {
        Histories.SampleFixed(history => RunAsync(history).GetAwaiter().GetResult(), iter: 60);
    }

    [Fact]
    public void A_clone_goes_on_reading_what_its_origin_moves_and_moves_what_is_its_own()
    {
        Gen.Select(Histories, Histories).SampleFixed(
            histories => RunCloneAsync(histories.Item1, histories.Item2).GetAwaiter().GetResult(), iter: 25);
    }

    private static async Task RunAsync((int, int, int, int)[] history)
    {
        var volume = new VolumeScenario();
        await PlayAsync(volume, history);
        await volume.FoldAsync();
        var before = await DiffsAsync(volume);
        while (await volume.CompactAsync() is not null)
        {
        }
        Assert.Equal(before, await DiffsAsync(volume));
        await VerifyAllAsync(volume);
    }

    private static async Task RunCloneAsync((int, int, int, int)[] before, (int, int, int, int)[] after)
    {
        var origin = new VolumeScenario();
        await PlayAsync(origin, before);
        await origin.CommitAsync("cut");
        await origin.FoldAsync();
        var clone = await origin.CloneAsync("vol-2", "cut");
        await PlayAsync(origin, after[..(after.Length / 2)]);
        await PlayAsync(clone, after);
        await clone.FoldAsync();
        await origin.FoldAsync();
        while (await origin.CompactAsync() is not null | await clone.CompactAsync() is not null)
        {
        }
        await VerifyAllAsync(clone);
        await VerifyAllAsync(origin);
    }

    private static async Task PlayAsync(VolumeScenario volume, (int Kind, int Region, int Offset, int Count)[] history)
    {
        foreach (var (kind, region, offset, count) in history)
        {
            var sector = Regions[region] + offset;
            switch (kind)
            {
                case < 9: volume.Write(sector, count); break;
                case 9: volume.Discard(sector, count); break;
                case 10: volume.Discard(Regions[region] / Leaf * Leaf, Leaf * count); break;
                case 11: await volume.CommitAsync($"{volume.Lineage.VolumeId}-snap-{volume.Head.CommittedSequence}"); break;
                case 12 when volume.SnapshotModels.Count > 0: await ForgetAsync(volume, offset); break;
                case 13 or 14: await volume.FoldAsync(); break;
                case 15 or 16: await volume.CompactAsync(); break;
                default: await volume.CommitAsync(); break;
            }
        }
        await volume.CommitAsync();
    }

    private static async Task ForgetAsync(VolumeScenario volume, int which)
    {
        var id = volume.SnapshotModels.Keys.Order(StringComparer.Ordinal).ElementAt(which % volume.SnapshotModels.Count);
        if (id == "cut") return;
        volume.SnapshotModels.Remove(id);
        var deletion = await SnapshotDeletion.PrepareAsync(volume.Head, [id], volume.Now, volume.Segments, volume.Sealer);
        await volume.SaveAsync(await volume.PublishAsync(deletion!));
        await volume.BuryAsync();
    }

    private static async Task VerifyAllAsync(VolumeScenario volume)
    {
        await volume.VerifyAsync();
        // Compaction changes no account: live and held bytes of every segment are what a walk of everything retained finds.
        var segments = volume.Segments.At(volume.Relocations);
        Assert.Empty(await Audit.CompareAsync(volume.Head, await Auditor.MarkAsync(volume.Head, segments), segments));
        foreach (var (id, model) in volume.SnapshotModels)
            await volume.VerifyAsync((await volume.OpenCatalogue().FindSnapshotAsync(id))!.Image, model);
    }

    private static async Task<List<uint>> DiffsAsync(VolumeScenario volume)
    {
        var changed = new List<uint>();
        var cuts = await volume.OpenCatalogue().ListCutsAsync(0, long.MaxValue);
        var head = await volume.OpenAsync();
        foreach (var (_, id) in cuts)
        {
            var cut = await volume.OpenAsync((await volume.OpenCatalogue().FindSnapshotAsync(id))!.Image);
            await foreach (var block in ImageDiff.ChangedBlocksAsync(cut, head)) changed.Add(block);
            changed.Add(uint.MaxValue);
        }
        return changed;
    }
}
