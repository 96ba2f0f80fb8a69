using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Readers that take longer than the grace of deletion (docs/formats/reclaim.md, Leases).</summary>
[Collection(GrainCollection.Name)]
public sealed class LeaseTests(GrainCluster cluster)
{
    private const string LeaseId = "reader-0001";
    private static readonly VolumeRetention NoPast = new(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task I5_A_reader_that_is_half_through_goes_on_when_the_snapshot_is_deleted_and_the_grace_passes(bool isLeased)
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await gateway.AsTenant(() => volume.Volume.SetRetention(NoPast));
        await volume.WriteAsync(1, 0);
        await volume.WriteAsync(2, 1);
        var snapshot = await volume.SnapshotAsync(3, 2);
        await OverwriteAsync(volume, 9);
        var held = cluster.Grains.GetGrain<ISnapshotGrain>(snapshot);
        if (isLeased) await gateway.AsTenant(() => held.Lease(LeaseId));

        var reader = await OpenAsync(volume, snapshot);
        Assert.Equal(1, await ReadBlockAsync(reader, 0));
        await gateway.AsTenant(held.Delete);
        await GraceAsync(gateway, volume, isLeased ? held : null);
        if (!isLeased)
        {
            // What the lease is for, and what somebody without one is told.
            var missing = await Assert.ThrowsAsync<BlobNotFoundException>(() => ReadBlockAsync(reader, 1));
            Assert.StartsWith($"{gateway.AccountId}/{volume.VolumeId}/", missing.Key, StringComparison.Ordinal);
            await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => held.Lease(LeaseId)), ErrorCodes.NotFound);
            return;
        }

        Assert.Equal(2, await ReadBlockAsync(reader, 1));
        Assert.Equal(3, await ReadBlockAsync(reader, 2));
        await gateway.AsTenant(() => held.EndLease(LeaseId));
        await gateway.AsTenant(() => held.EndLease(LeaseId));
        await GraceAsync(gateway, volume, null);
        await GraceAsync(gateway, volume, null);
        var again = await OpenAsync(volume, null);
        Assert.Equal(9, await ReadBlockAsync(again, 1));
        foreach (var sequence in (long[])[1, 2, 3])
            Assert.DoesNotContain(DataOf(volume), key => key.Contains($"/{sequence:x16}-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task I5_A_reader_of_a_clone_is_held_in_the_origin_and_a_lease_that_is_not_renewed_runs_out()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var origin = await VolumeUnderTest.NewAsync(cluster, gateway);
        await origin.AttachAsync();
        var clone = await VolumeUnderTest.NewAsync(cluster, gateway, await origin.SnapshotAsync(5));
        await clone.AttachAsync();
        var ofClone = cluster.Grains.GetGrain<ISnapshotGrain>(await clone.SnapshotAsync(6, 1));
        var lease = await gateway.AsTenant(() => ofClone.Lease(LeaseId));
        Assert.Equal(GrainCluster.Clock.GetUtcNow() + ReadLeases.Term, lease.ExpiresAt);
        foreach (var volume in (VolumeUnderTest[])[origin, clone]) Assert.Equal(LeaseId, Assert.Single(await LeasesAsync(volume)));

        GrainCluster.Clock.Advance(ReadLeases.Term / 2);
        Assert.True((await gateway.AsTenant(() => ofClone.Lease(LeaseId))).ExpiresAt > lease.ExpiresAt);
        GrainCluster.Clock.Advance(new ReclaimSettings().Every);
        // Run out: what it held may be gone, so that it does not come back.
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => ofClone.Lease(LeaseId)), ErrorCodes.NotFound);
        foreach (var volume in (VolumeUnderTest[])[origin, clone])
        {
            await cluster.SettleAsync(volume.VolumeId);
            await cluster.WorkEndedAsync(volume.VolumeId);
            Assert.Empty(await LeasesAsync(volume));
        }
    }

    [Fact]
    public async Task I10_I11_Leases_are_the_accounts_own_and_bounded()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await using var stranger = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var snapshot = cluster.Grains.GetGrain<ISnapshotGrain>(await volume.SnapshotAsync(1));
        var none = cluster.Grains.GetGrain<ISnapshotGrain>(ResourceId.New(ResourceKind.Snapshot));
        foreach (var foreign in (ISnapshotGrain[])[snapshot, none])
        {
            await GrainCluster.RefusedAsync(() => stranger.AsTenant(() => foreign.Lease(LeaseId)), ErrorCodes.NotFound);
            await GrainCluster.RefusedAsync(() => stranger.AsTenant(() => foreign.EndLease(LeaseId)), ErrorCodes.NotFound);
        }

        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => snapshot.Lease("short")), ErrorCodes.InvalidArgument);
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => snapshot.Lease("../../../head")), ErrorCodes.InvalidArgument);
        for (var i = 0; i < ReadLeases.Most; i++) await gateway.AsTenant(() => snapshot.Lease($"reader-{i:d4}"));
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => snapshot.Lease("reader-more")), ErrorCodes.LimitExceeded);
        await gateway.AsTenant(() => snapshot.Lease("reader-0007"));
    }

    // Everything the snapshot holds is written over, folded, and so held by the snapshot alone.
    private async Task OverwriteAsync(VolumeUnderTest volume, byte value)
    {
        for (var i = 0; i < HeadMachine.FoldAtSegments; i++) await volume.WriteAsync(value, i % 3);
        await cluster.WorkEndedAsync(volume.VolumeId);
    }

    // The grace and more, during which a reader renews its lease and the volume does all that it owes.
    private async Task GraceAsync(GatewayUnderTest gateway, VolumeUnderTest volume, ISnapshotGrain? leased)
    {
        for (var passed = TimeSpan.Zero; passed < new ReclaimSettings().Grace * 2; passed += TimeSpan.FromHours(12))
        {
            if (leased is null) GrainCluster.Clock.Advance(TimeSpan.FromHours(12));
            else
            {
                for (var renewal = 0; renewal < 36; renewal++)
                {
                    GrainCluster.Clock.Advance(TimeSpan.FromMinutes(20));
                    await gateway.AsTenant(() => leased.Lease(LeaseId));
                }
            }

            await cluster.SettleAsync(volume.VolumeId);
            await cluster.WorkEndedAsync(volume.VolumeId);
        }
    }

    // As somebody reads who has the bucket and the account's key: from the newest manifest on.
    private static async Task<ImageReader> OpenAsync(VolumeUnderTest volume, string? snapshot)
    {
        var stored = (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(new LineageId(volume.Owner.AccountId, volume.VolumeId)))!;
        var image = snapshot is null ? stored.NewestImage : (await stored.OpenCatalogue().FindSnapshotAsync(snapshot))!.Image;
        return await ImageReader.OpenAsync(image, new SegmentCache(new BlobStoreSource(GrainCluster.Blobs), stored.Ring, 0));
    }

    private static async Task<byte> ReadBlockAsync(ImageReader reader, int block)
    {
        var bytes = new byte[BlockGeometry.BlockBytes];
        await reader.ReadAsync((long)block * BlockGeometry.BlockBytes, bytes);
        Assert.False(bytes.AsSpan().ContainsAnyExcept(bytes[0]));
        return bytes[0];
    }

    private static async Task<List<string>> LeasesAsync(VolumeUnderTest volume)
    {
        var stored = (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(new LineageId(volume.Owner.AccountId, volume.VolumeId)))!;
        return await stored.OpenCatalogue().ListLeasesAsync().Select(lease => lease.LeaseId).ToListAsync();
    }

    private static string[] DataOf(VolumeUnderTest volume) =>
        [.. GrainCluster.Blobs.Keys.Where(key => key.StartsWith($"{volume.Owner.AccountId}/{volume.VolumeId}/0", StringComparison.Ordinal))];
}
