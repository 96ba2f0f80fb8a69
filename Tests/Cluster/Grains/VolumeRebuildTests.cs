using Orleans.Core.Internal;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Rebuild;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>A database that went back in time: the bucket did not, and an agent that is ahead finds its head again.</summary>
[Collection(GrainCollection.Name)]
public sealed class VolumeRebuildTests(GrainCluster cluster)
{
    [Fact]
    public async Task An_agent_ahead_of_a_head_that_went_back_gets_the_head_of_the_bucket_and_goes_on()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var old = await ReadAsync(volume.VolumeId);

        await volume.WriteAsync(2, 1);
        await volume.WriteAsync(3, 2);
        await RegressAsync(volume.VolumeId, old);
        Assert.Equal(1, (await gateway.AsTenant(volume.Volume.Describe)).CommittedSequence);

        // The epoch goes on, and a commit under the old one finds another head.
        var stale = await volume.UploadAsync(4, 3);
        await GrainCluster.RefusedAsync(() => volume.CommitAsync(stale), ErrorCodes.CommitRefused);
        var again = volume.Copy();
        var attached = await again.AttachAsync();
        Assert.Equal(4, attached.CommittedSequence);
        var head = VolumeHead.Decode((await ReadAsync(volume.VolumeId)).State!.Head);
        Assert.True(head.Incarnation > 1);
        await again.WriteAsync(5, 4);
        var stored = (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(head.Lineage))!;
        Assert.Equal(5, stored.Sequence);
        await GrainCluster.Publisher.PublishedAsync(volume.VolumeId, "volume.rebuilt");
    }

    private async Task<GrainState<VolumeState>> ReadAsync(string volumeId)
    {
        var stored = new GrainState<VolumeState>(new VolumeState());
        await cluster.Storage.ReadStateAsync("volume", GrainId.Create("volume", volumeId), stored);
        return stored;
    }

    private async Task RegressAsync(string volumeId, GrainState<VolumeState> old)
    {
        var now = await ReadAsync(volumeId);
        now.State = old.State! with { Outbox = now.State!.Outbox };
        await cluster.Storage.WriteStateAsync("volume", GrainId.Create("volume", volumeId), now);
        await cluster.Grains.GetGrain<IVolumeGrain>(volumeId).AsReference<IGrainManagementExtension>().DeactivateOnIdle();
    }
}
