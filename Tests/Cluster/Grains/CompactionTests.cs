using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Compaction by the silo's own workers, and a reader of what it moved.</summary>
[Collection(GrainCollection.Name)]
public sealed class CompactionTests(GrainCluster cluster)
{
    private const int Blocks = 24;

    [Fact]
    public async Task I5_overwritten_segments_are_compacted_behind_a_fold_and_the_volume_reads_as_it_was_written()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var random = new Random(29);
        var truth = new byte[Blocks][];
        for (var i = 0; i < HeadMachine.FoldAtSegments; i++) await WriteAsync(Enumerable.Range(0, 6).Select(_ => random.Next(Blocks)));
        await cluster.WorkEndedAsync(volume.VolumeId);
        // By the second fold the points of the first are older than anything that is kept.
        GrainCluster.Clock.Advance(TimeSpan.FromDays(9));
        for (var i = 0; i < HeadMachine.FoldAtSegments; i++) await WriteAsync([random.Next(Blocks)]);
        await cluster.WorkEndedAsync(volume.VolumeId);

        var head = (await volume.NewestManifestAsync()).Head;
        Assert.NotNull(head.Relocation);
        var keys = new Keyring();
        keys.Add(head.Lineage, 1, new DataKey((await volume.AttachAsync()).DataKey));
        var reader = await ImageReader.OpenAsync(head.ToImage(), new SegmentCache(new BlobStoreSource(GrainCluster.Blobs), keys));
        var block = new byte[BlockGeometry.BlockBytes];
        for (var i = 0; i < Blocks; i++)
        {
            await reader.ReadAsync((long)i * BlockGeometry.BlockBytes, block);
            Assert.Equal(truth[i] ?? new byte[BlockGeometry.BlockBytes], block);
        }

        async Task WriteAsync(IEnumerable<int> blocks)
        {
            var writes = new List<(long, byte[])>();
            foreach (var at in blocks.Distinct())
            {
                truth[at] = new byte[BlockGeometry.BlockBytes];
                random.NextBytes(truth[at]);
                writes.Add(((long)at * BlockGeometry.BlockBytes, truth[at]));
            }
            await volume.CommitAsync(await volume.UploadAsync(writes));
        }
    }
}
