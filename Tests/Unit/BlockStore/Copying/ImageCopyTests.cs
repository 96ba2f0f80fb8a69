using CsCheck;
using Tidegate.BlockStore.Copying;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.Tests.Unit.BlockStore.Reclaim;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Copying;

/// <summary>A copy of an image in a lineage of its own (docs/formats/copy.md).</summary>
public sealed class ImageCopyTests
{
    private const long Size = (24L << 20) + (5 * 4096);

    private static readonly Gen<(int Kind, int Sector, int Count)[]> Histories = Gen.Select(Gen.Int[0, 9], Gen.Int[0, (int)(Size / 4096) - 41], Gen.Int[1, 40]).Array[1, 40];

    [Fact]
    public void I13_A_copy_equals_its_point_whatever_was_done_to_the_source_and_however_it_was_cut_and_repeated()
    {
        Gen.Select(Histories, Gen.Int[1, 5], Gen.Int[1, 40], Gen.Int[0, 3]).SampleFixed(
            drawn => RunAsync(drawn.Item1, drawn.Item2, drawn.Item3, drawn.Item4).GetAwaiter().GetResult(), iter: 40);
    }

    [Fact]
    public async Task An_image_of_nothing_is_one_segment_of_nothing()
    {
        var target = NewTarget();
        var source = new VolumeScenario(sizeBytes: Size);
        var unit = await new ImageCopy(await source.OpenAsync(), target.Sealer, target.PutAsync).RunAsync(target.Head, "copy", target.Now);
        Assert.True(unit.IsLast);
        Assert.Equal((0L, Size), (unit.DataBytes, Assert.Single(unit.Segments).LogEnd));
        await CommitAsync(target, unit);
        await target.VerifyAsync((await target.OpenCatalogue().FindSnapshotAsync("copy"))!.Image, new Dictionary<long, int>());
    }

    [Fact]
    public async Task I6_Damaged_bytes_end_a_copy_and_another_size_is_refused()
    {
        var source = new VolumeScenario(sizeBytes: Size);
        source.Write(0, 32);
        await source.CommitAsync();
        var image = await source.OpenAsync();
        var copy = new ImageCopy(image, NewTarget().Sealer, (_, _) => ValueTask.CompletedTask);
        await Assert.ThrowsAsync<ArgumentException>(() => copy.RunAsync(HeadMachine.Create(NewTarget().Lineage, 1, Size * 2), "copy", source.Now));
        source.Store.Tamper(source.Store.Keys.Single(key => key.Contains("/0000000000000001/", StringComparison.Ordinal)), bytes =>
        {
            bytes[300] ^= 1;
            return bytes;
        });
        await Assert.ThrowsAsync<CorruptDataException>(() => copy.RunAsync(NewTarget().Head, "copy", source.Now));
    }

    [Fact]
    public async Task Of_a_large_sparse_image_a_unit_reads_no_more_than_it_stores_and_the_next_goes_on_there()
    {
        var source = new VolumeScenario();
        for (var i = 0; i < 40; i++) source.Write(i * 8192L * 25, 16);
        await source.CommitAsync("point");
        await source.FoldAsync();
        var target = NewTarget(VolumeScenario.DefaultSize);
        var blocks = 0L;
        for (var units = 1; ; units++)
        {
            var unit = await new ImageCopy(await source.OpenAsync(), target.Sealer, target.PutAsync) { UnitSegments = 2, SegmentBlocks = 4 }.RunAsync(target.Head, "copy", target.Now);
            Assert.InRange(unit.Segments.Count, 1, 2);
            blocks += unit.DataBytes / 65536;
            await CommitAsync(target, unit);
            if (!unit.IsLast) continue;
            Assert.Equal((5, 40L), (units, blocks));
            break;
        }

        await target.VerifyAsync(model: source.Model);
    }

    private static async Task RunAsync((int Kind, int Sector, int Count)[] history, int segments, int blocks, int repeats)
    {
        var source = new VolumeScenario(sizeBytes: Size);
        var random = new Random(history.Length);
        foreach (var (kind, sector, count) in history)
        {
            switch (kind)
            {
                case < 5: source.Write(sector, count); break;
                case < 7: source.Discard(sector, count); break;
                case 7: await source.CommitAsync(); break;
                case 8: await source.FoldAsync(); break;
                default: await source.CompactAsync(VolumeScenario.Eager); break;
            }
        }

        await source.CommitAsync("point");
        // Opened once and held, while the source goes on.
        var image = await source.OpenAsync((await source.OpenCatalogue().FindSnapshotAsync("point"))!.Image);
        var expected = source.SnapshotModels["point"];
        source.Write(0, 30);
        await source.CommitAsync();
        await source.FoldAsync();

        var target = NewTarget();
        for (var isLast = false; !isLast;)
        {
            var copy = new ImageCopy(image, target.Sealer, target.PutAsync) { UnitSegments = segments, SegmentBlocks = blocks };
            var unit = await copy.RunAsync(target.Head, "copy", target.Now);
            // As when a silo dies before the commit: what it stored is nobody's.
            for (var lost = random.Next(repeats + 1); lost > 0; lost--) unit = await copy.RunAsync(target.Head, "copy", target.Now);
            await CommitAsync(target, unit);
            // Both of two workers committed the same bytes.
            Assert.True(HeadMachine.Commit(target.Head, target.Head.Epoch, unit.Segments, target.Now, target.Sealer).IsRepeat);
            if (random.Next(4) == 0) await target.FoldAsync();
            isLast = unit.IsLast;
        }

        Assert.Equal(Size, target.Head.CommittedLogEnd);
        var snapshot = (await target.OpenCatalogue().FindSnapshotAsync("copy"))!;
        target.SnapshotModels["copy"] = target.PointModels[target.Head.CommittedSequence] = new Dictionary<long, int>(expected);
        await target.VerifyAsync(snapshot.Image, expected);
        await target.FoldAsync();
        await ReclaimScenario.VerifyAsync(target);
        Assert.Empty(target.Relocations);
    }

    // A store and a keyring of its own: nothing of the source can be read by it.
    private static VolumeScenario NewTarget(long sizeBytes = Size)
    {
        var target = new VolumeScenario("vol-9", sizeBytes);
        target.Attach();
        return target;
    }

    private static Task CommitAsync(VolumeScenario target, CopiedUnit unit) =>
        target.SaveAsync(HeadMachine.Commit(target.Head, target.Head.Epoch, unit.Segments, target.Now, target.Sealer));
}
