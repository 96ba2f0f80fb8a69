using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Scrub;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Stored data is checked in the background: what is found is told, and a scrub goes on where it broke off.</summary>
[Collection(GrainCollection.Name)]
public sealed class ScrubTests(GrainCluster cluster)
{
    private const long Fast = long.MaxValue;
    private static readonly TimeSpan Period = TimeSpan.FromDays(30);

    [Fact]
    public async Task Damage_is_found_when_a_scrub_is_due_told_in_the_description_and_the_audit_log_and_gone_when_it_is_healed()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var second = await volume.UploadAsync(2, 5);
        await volume.CommitAsync(second);
        Assert.Null((await gateway.AsTenant(volume.Volume.Describe)).Scrub);
        Assert.True(await cluster.Scrubber.ScrubAsync(volume.VolumeId, Period, Fast, default));
        Assert.Equal(0, (await gateway.AsTenant(volume.Volume.Describe)).Scrub!.DamageCount);

        GrainCluster.Blobs.Tamper(second.BlobKey, Flip);
        Assert.False(await cluster.Scrubber.ScrubAsync(volume.VolumeId, Period, Fast, default));
        Assert.True(await cluster.Scrubber.ScrubAsync(volume.VolumeId, TimeSpan.Zero, Fast, default));
        var found = (await gateway.AsTenant(volume.Volume.Describe)).Scrub!;
        var damage = Assert.Single(found.Damages);
        Assert.Equal((1, "Frame", second.BlobKey, 5L, "head"), (found.DamageCount, damage.Kind, damage.BlobKey, damage.Block, damage.Image));
        await GrainCluster.Publisher.PublishedAsync(volume.VolumeId, "volume.damaged");

        GrainCluster.Blobs.Tamper(second.BlobKey, Flip);
        GrainCluster.Clock.Advance(TimeSpan.FromHours(23));
        Assert.False(await cluster.Scrubber.ScrubAsync(volume.VolumeId, Period, Fast, default));
        GrainCluster.Clock.Advance(TimeSpan.FromHours(1));
        // What was damaged is looked at again after a day, however long the period is.
        Assert.True(await cluster.Scrubber.ScrubAsync(volume.VolumeId, Period, Fast, default));
        Assert.Equal(0, (await gateway.AsTenant(volume.Volume.Describe)).Scrub!.DamageCount);
        GrainCluster.Clock.Advance(TimeSpan.FromDays(1));
        Assert.False(await cluster.Scrubber.ScrubAsync(volume.VolumeId, Period, Fast, default));
    }

    [Fact]
    public async Task One_silo_at_a_time_scrubs_a_volume_and_another_goes_on_with_its_place_and_its_suspects()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var first = await volume.UploadAsync(1, 0);
        await volume.CommitAsync(first);
        await volume.WriteAsync(2, 1);
        var scrubbed = cluster.Grains.GetGrain<IScrubbedVolume>(volume.VolumeId);
        Assert.Equal("", (await scrubbed.BeginScrub(Period))!.Position);
        Assert.Null(await scrubbed.BeginScrub(Period));
        Assert.False(await cluster.Scrubber.ScrubAsync(volume.VolumeId, Period, Fast, default));
        // It has found the first segment damaged, kept its place behind it, and is heard of no more.
        GrainCluster.Blobs.Tamper(first.BlobKey, Flip);
        await scrubbed.KeepScrub(first.BlobKey, [first.BlobKey]);
        GrainCluster.Clock.Advance(TimeSpan.FromMinutes(6));
        Assert.True(await cluster.Scrubber.ScrubAsync(volume.VolumeId, Period, Fast, default));
        var found = (await gateway.AsTenant(volume.Volume.Describe)).Scrub!;
        Assert.Equal(first.BlobKey, Assert.Single(found.Damages).BlobKey);
    }

    [Fact]
    public async Task The_gateway_is_asked_to_write_damaged_and_missing_blocks_of_the_newest_point_anew()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        var asked = new List<long>();
        gateway.OnDeliver = request =>
        {
            var refresh = (RefreshRequest)request;
            asked.AddRange(refresh.Blocks);
            _ = gateway.ReportAsync(request, new BlocksRefreshed(refresh.Blocks.Length));
            return Task.FromResult(new DeliverReply(true));
        };
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var damaged = await volume.UploadAsync(2, 7);
        await volume.CommitAsync(damaged);
        GrainCluster.Blobs.Tamper(damaged.BlobKey, Flip);
        Assert.True(await cluster.Scrubber.ScrubAsync(volume.VolumeId, Period, Fast, default));
        Assert.Equal([7], asked);
        await GrainCluster.Publisher.PublishedAsync(volume.VolumeId, "volume.blocks-refreshed");

        // As the agent's answer reaches the head, the damage is out of its reach.
        await volume.WriteAsync(2, 7);
        Assert.True(await cluster.Scrubber.ScrubAsync(volume.VolumeId, TimeSpan.Zero, Fast, default));
        Assert.Contains(asked, block => block == 7);
    }

    private static byte[] Flip(byte[] bytes)
    {
        bytes[260] ^= 4;
        return bytes;
    }
}
