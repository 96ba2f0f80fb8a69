using Tidegate.BlockStore;
using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Volumes;
using Tidegate.Tests.Kit.Blobs;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>
/// The blob store under the silo finds no space, fails, hangs and loses acknowledgements while volumes are folded, compacted and deleted: what fails is done
/// later, what is read is what was written, and in the end nothing is left (I5, I6).
/// </summary>
[Collection(GrainCollection.Name)]
public sealed class StoreFaultTests(GrainCluster cluster)
{
    private const int Blocks = 24;
    private const int MostTries = 200;

    [Fact]
    public async Task I5_I6_Folds_compaction_and_deletion_come_through_a_store_that_fails_and_hangs()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await gateway.AsTenant(() => volume.Volume.SetRetention(new VolumeRetention(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero)));
        var first = await volume.SnapshotAsync(1);
        var faults = new BlobStoreFaults(PrefixOf(volume), seed: 37);
        var truth = new byte[Blocks];
        truth[0] = 1;
        var random = new Random(31);
        try
        {
            // The first fold hangs, and the volume takes commits meanwhile.
            for (var written = 1; written < HeadMachine.FoldAtSegments - 1; written++) await WriteAsync();
            var hangs = faults.HangAsync();
            GrainCluster.Blobs.Faults = faults;
            var last = CommitAsync();
            await hangs.OrHungAsync();
            faults.Release();
            await last;
            await FoldedAsync();
            await FoldedAsync();
            await cluster.WorkEndedAsync(volume.VolumeId);
            string[] snapshots = [first, await ReadAsync()];

            // The snapshots go, then the volume.
            foreach (var snapshot in snapshots) await UntilDoneAsync(() => gateway.AsTenant(async () =>
            {
                try
                {
                    await cluster.Grains.GetGrain<ISnapshotGrain>(snapshot).Delete();
                }
                catch (TidegateException gone) when (gone.Code == ErrorCodes.NotFound)
                {
                    // An earlier try was done, and its answer failed.
                }
            }));
            await UntilDoneAsync(() => gateway.AsTenant(volume.Volume.Delete));
            for (var look = 0; look < MostTries && StoredOf(volume).Length > 0; look++)
            {
                GrainCluster.Clock.Advance(new ReclaimSettings().Grace + TimeSpan.FromSeconds(1));
                await UntilDoneAsync(() => cluster.SettleAsync(volume.VolumeId));
                await cluster.WorkEndedAsync(volume.VolumeId);
            }

            Assert.Empty(StoredOf(volume));
            Assert.All((string[])["put", "get", "delete", "list"], operation => Assert.True(faults.Met.GetValueOrDefault(operation) > 0, operation));
        }
        finally
        {
            faults.Release();
            GrainCluster.Blobs.Faults = null;
        }

        async Task WriteAsync()
        {
            var block = random.Next(Blocks);
            await volume.WriteAsync(truth[block] = (byte)random.Next(1, 256), block);
        }

        // The agent's own puts are not the subject.
        async Task CommitAsync()
        {
            var block = random.Next(Blocks);
            GrainCluster.Blobs.Faults = null;
            var commit = await volume.UploadAsync(truth[block] = (byte)random.Next(1, 256), block);
            GrainCluster.Blobs.Faults = faults;
            await UntilDoneAsync(async () =>
            {
                // A commit is refused while a fold is owed.
                await cluster.WorkEndedAsync(volume.VolumeId);
                await volume.CommitAsync(commit);
            });
        }

        async Task FoldedAsync()
        {
            var root = await NewestRootAsync();
            for (var tries = 0; await NewestRootAsync() == root; tries++)
            {
                Assert.True(tries < 4 * HeadMachine.FoldAtSegments, "no fold came through");
                await CommitAsync();
                await cluster.WorkEndedAsync(volume.VolumeId);
            }
        }

        // The newest by name may be of a save that never was: it says that there was a fold, and no more.
        async Task<string?> NewestRootAsync()
        {
            GrainCluster.Blobs.Faults = null;
            var root = (await volume.NewestManifestAsync()).Head.Root?.Page.Segment.Identity.BlobKey;
            GrainCluster.Blobs.Faults = faults;
            return root;
        }

        async Task<string> ReadAsync()
        {
            GrainCluster.Blobs.Faults = null;
            var taken = await volume.SnapshotAsync(truth[0] = 77);
            var image = await GrainCluster.As(GrainCluster.Agent(gateway.AccountId, gateway.GatewayId), () => volume.Data.GetSnapshotImage(taken));
            for (var i = 0; i < Blocks; i++) Assert.Equal(truth[i], await VolumeUnderTest.ByteOfAsync(image, (long)i * BlockGeometry.BlockBytes));
            GrainCluster.Blobs.Faults = faults;
            return taken;
        }
    }

    private static async Task UntilDoneAsync(Func<Task> call)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await call();
                return;
            }
            catch (Exception failed) when (failed is IOException or TidegateException { Code: ErrorCodes.Unavailable or ErrorCodes.Internal } && tries < MostTries)
            {
                // Asked again, as agents and wake shards do.
            }
        }
    }

    private static string PrefixOf(VolumeUnderTest volume) => $"{volume.Owner.AccountId}/{volume.VolumeId}/";

    private static string[] StoredOf(VolumeUnderTest volume) => [.. GrainCluster.Blobs.Keys.Where(key =>
        key.StartsWith(PrefixOf(volume), StringComparison.Ordinal) && !key.Contains("/record/", StringComparison.Ordinal))];
}
