using Tidegate.BlockStore;
using Tidegate.BlockStore.Folding;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>
/// How long the volume grain is busy at a stretch while a large fold is published. A measurement: it prints, and only what does not depend
/// on the machine can fail. Run with <c>-explicit only</c>; figures are in <c>docs/verification.md</c>.
/// </summary>
[Collection(GrainCollection.Name)]
public sealed class FoldTurnTests(GrainCluster cluster, ITestOutputHelper output)
{
    private const long SizeBytes = 16L << 40;
    private const int BlocksPerSegment = 2000;

    [Fact(Explicit = true)]
    public async Task Longest_turn_of_a_volume_whose_large_folds_are_published()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway, sizeBytes: SizeBytes);
        await volume.AttachAsync();
        var random = new Random(20261123);
        var blocks = Enumerable.Range(0, FoldPolicy.FullSegments * BlocksPerSegment)
            .Select(_ => random.NextInt64(SizeBytes / BlockGeometry.BlockBytes)).Distinct().ToArray();
        var last = TimeSpan.Zero;
        for (var pass = 0; pass < 2; pass++)
        {
            foreach (var batch in blocks.Chunk(BlocksPerSegment))
            {
                var writes = batch.Select(block => (block * BlockGeometry.BlockBytes, new byte[BlockGeometry.SectorBytes])).ToArray();
                foreach (var (_, data) in writes) data.AsSpan().Fill((byte)(pass + 1));
                await volume.CommitAsync(await volume.UploadAsync(writes));
            }

            await cluster.WorkEndedAsync(volume.VolumeId);
            var head = (await volume.NewestManifestAsync()).Head;
            Assert.InRange(head.BaseSequence, FoldPolicy.FullSegments, long.MaxValue);
            last = GrainCluster.Turns.LongestOf(volume.VolumeId);
            output.WriteLine($"fold {pass + 1}: {blocks.Length} blocks, base {head.BaseSequence}; longest turn so far {last.TotalMilliseconds:f1} ms");
            random.Shuffle(blocks);
        }
    }
}
