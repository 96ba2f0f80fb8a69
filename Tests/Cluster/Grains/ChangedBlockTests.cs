using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>What differs between snapshots (M5.1), of one volume and across a clone.</summary>
[Collection(GrainCollection.Name)]
public sealed class ChangedBlockTests(GrainCluster cluster)
{
    [Fact]
    public async Task M5_1_Changed_blocks_are_those_written_between_two_snapshots_page_by_page_also_across_folds_and_clones()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var first = await volume.SnapshotAsync(2, 1);
        for (var i = 0; i < HeadMachine.FoldAtSegments + 4; i++) await volume.WriteAsync((byte)(10 + i), 40 + (i % 3));
        await cluster.WorkEndedAsync(volume.VolumeId);
        var second = await volume.SnapshotAsync(3, 100);

        Assert.Equal([40, 41, 42, 100], (await ChangedAsync(gateway, second, first)).Blocks);
        Assert.Equal([0, 1, 40, 41, 42, 100], (await ChangedAsync(gateway, second)).Blocks);
        Assert.Empty((await ChangedAsync(gateway, second, second)).Blocks);
        var page = await ChangedAsync(gateway, second, first, maxBlocks: 2);
        Assert.Equal([40, 41], page.Blocks);
        Assert.Equal(42, page.NextBlock);
        page = await ChangedAsync(gateway, second, first, page.NextBlock!.Value, 2);
        Assert.Equal([42, 100], page.Blocks);
        Assert.Null(page.NextBlock);
        Assert.Equal(VolumeUnderTest.SizeBytes, page.SizeBytes);

        var clone = await VolumeUnderTest.NewAsync(cluster, gateway, second);
        await clone.AttachAsync();
        var ofClone = await clone.SnapshotAsync(9, 41);
        Assert.Equal([41], (await ChangedAsync(gateway, ofClone, second)).Blocks);
        Assert.Equal([40, 41, 42, 100], (await ChangedAsync(gateway, ofClone, first)).Blocks);
    }

    [Fact]
    public async Task What_cannot_be_compared_is_refused_and_other_accounts_snapshots_do_not_seem_to_exist()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var done = await volume.SnapshotAsync(1, 0);
        volume.TakesBarriersAt(long.MaxValue);
        var pending = ResourceId.New(ResourceKind.Snapshot);
        await gateway.AsTenant(() => volume.Volume.CreateSnapshot(pending, "", ResourceId.New(ResourceKind.Request)));
        await GrainCluster.RefusedAsync(() => ChangedAsync(gateway, pending), ErrorCodes.InvalidState);
        await GrainCluster.RefusedAsync(() => ChangedAsync(gateway, done, pending), ErrorCodes.InvalidState);
        await GrainCluster.RefusedAsync(() => ChangedAsync(gateway, done, "", -1), ErrorCodes.InvalidArgument);
        await GrainCluster.RefusedAsync(() => ChangedAsync(gateway, done, "", 0, 0), ErrorCodes.InvalidArgument);
        await GrainCluster.RefusedAsync(() => ChangedAsync(stranger, done), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => ChangedAsync(gateway, ResourceId.New(ResourceKind.Snapshot)), ErrorCodes.NotFound);
    }

    private Task<ChangedBlocks> ChangedAsync(GatewayUnderTest gateway, string snapshot, string since = "", long from = 0, int maxBlocks = 1000) =>
        gateway.AsTenant(() => cluster.Grains.GetGrain<ISnapshotGrain>(snapshot).ListChangedBlocks(since, from, maxBlocks));
}
