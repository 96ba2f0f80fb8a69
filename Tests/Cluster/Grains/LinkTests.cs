using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Outbox;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

[Collection(GrainCollection.Name)]
public sealed class LinkTests(GrainCluster cluster)
{
    private static readonly TimeSpan LinkLoss = TimeSpan.FromSeconds(9);

    private static string NewRequest() => ResourceId.New(ResourceKind.Request);

    [Fact]
    public async Task M1_2_An_opened_link_is_accepted_with_a_generation_and_told_the_desired_configuration()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        await agent.ConnectAsync();
        Assert.Equal(1, agent.Generation);
        var told = await agent.FrameAsync<LinkConfiguration>(_ => true);
        Assert.Equal("name-" + agent.GatewayId, told.Configuration.GatewayName);
        var described = await agent.AsTenant(agent.Gateway.Describe);
        Assert.True(described.IsConnected);
        Assert.Equal(["gateway.provisioned", "gateway.connected"], GrainCluster.Publisher.KindsOf(agent.GatewayId));
    }

    [Fact]
    public async Task M1_3_Describe_live_is_answered_by_the_agent()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        await agent.ConnectAsync();
        var live = await agent.AsTenant(() => agent.Gateway.DescribeLive(NewRequest()));
        Assert.Equal("instance-1", live.InstanceId);
    }

    [Fact]
    public async Task M1_8_Without_a_link_the_caller_is_told_at_once()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        await GrainCluster.RefusedAsync(
            () => agent.AsTenant(() => agent.Gateway.DescribeLive(NewRequest())).OrHungAsync(), ErrorCodes.GatewayNotConnected);
    }

    [Fact]
    public async Task M1_8_A_foreign_gateway_is_not_found()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        var stranger = await cluster.NewAccountAsync();
        var foreign = await GrainCluster.RefusedAsync(() => GrainCluster.As(GrainCluster.Tenant(stranger), agent.Gateway.Describe), ErrorCodes.NotFound);
        var missingId = ResourceId.New(ResourceKind.Gateway);
        var missing = await GrainCluster.RefusedAsync(
            () => GrainCluster.As(GrainCluster.Tenant(stranger), cluster.Grains.GetGrain<IGatewayGrain>(missingId).Describe), ErrorCodes.NotFound);
        Assert.Equal(missing.Message.Replace(missingId, "", StringComparison.Ordinal), foreign.Message.Replace(agent.GatewayId, "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_delivery_that_waits_blocks_no_other_turn_and_may_call_back()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        await agent.ConnectAsync();
        agent.OnDeliver = async request =>
        {
            // All of these are calls to the very grain that waits for this delivery.
            await agent.AnswerAsync((await agent.FrameAsync<LinkPing>(_ => true)).Number);
            await agent.AsTenant(agent.Gateway.Describe);
            await agent.AsTenant(() => agent.Gateway.Rename("renamed-" + agent.GatewayId));
            await agent.ReportAsync(request, GatewayUnderTest.Description);
            return new DeliverReply(true);
        };
        await agent.AsTenant(() => agent.Gateway.DescribeLive(NewRequest()));
        var told = await agent.FrameAsync<LinkConfiguration>(frame => frame.Configuration.Version == 2);
        Assert.Equal("renamed-" + agent.GatewayId, told.Configuration.GatewayName);
    }

    [Fact]
    public async Task M1_9_A_request_id_is_delivered_once_and_its_outcome_is_kept()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        await agent.ConnectAsync();
        var request = NewRequest();
        await agent.AsTenant(() => agent.Gateway.DescribeLive(request));
        await agent.AsTenant(() => agent.Gateway.DescribeLive(request));
        Assert.Equal(1, agent.Deliveries);
    }

    [Fact]
    public async Task A_refusal_by_the_agent_reaches_the_caller_with_its_code()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        await agent.ConnectAsync();
        agent.OnDeliver = _ => Task.FromResult(new DeliverReply(false, ErrorCodes.InvalidState, "not now"));
        var refused = await GrainCluster.RefusedAsync(() => agent.AsTenant(() => agent.Gateway.DescribeLive(NewRequest())), ErrorCodes.InvalidState);
        Assert.Contains("not now", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task M1_7_A_second_agent_with_the_same_certificate_ends_the_first_which_is_told_and_audited()
    {
        await using var first = await GatewayUnderTest.NewAsync(cluster);
        await first.ConnectAsync("original");
        await using var second = first.Copy();
        await second.ConnectAsync("copy");
        var told = await first.FrameAsync<LinkSuperseded>(_ => true);
        Assert.False(told.SameInstance);
        await first.EndedAsync();
        Assert.Equal(2, second.Generation);
        Assert.Contains("gateway.link-superseded", GrainCluster.Publisher.KindsOf(first.GatewayId));
        await GrainCluster.RefusedAsync(() => first.AnswerAsync(1), ErrorCodes.InvalidState);
        Assert.True((await second.AsTenant(second.Gateway.Describe)).IsConnected);
    }

    [Fact]
    public async Task A_closed_link_is_lost_and_the_loss_is_an_event()
    {
        var agent = await GatewayUnderTest.NewAsync(cluster);
        await agent.ConnectAsync();
        GrainCluster.Clock.Advance(LinkLoss);
        await GrainCluster.Publisher.PublishedAsync(agent.GatewayId, "gateway.lost");
        Assert.False((await agent.AsTenant(agent.Gateway.Describe)).IsConnected);
    }

    [Fact]
    public async Task M1_6_Pings_slow_down_while_answered_and_silence_ends_the_link()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        await agent.ConnectAsync();
        // Time moves when the gateway waits with it: for as long as if the ping were not answered.
        foreach (var (ping, waits, after) in new[] { (1, 1, 2), (2, 2, 4), (3, 4, 4) })
        {
            await agent.FrameAsync<LinkPing>(frame => frame.Number == ping);
            await agent.AnswerAsync(ping);
            Assert.Equal(ping, agent.Count<LinkPing>());
            await GrainCluster.Clock.WaitedForAsync(TimeSpan.FromSeconds(waits));
            GrainCluster.Clock.Advance(TimeSpan.FromSeconds(after));
        }

        await agent.FrameAsync<LinkPing>(frame => frame.Number == 4);
        await GrainCluster.Clock.WaitedForAsync(TimeSpan.FromSeconds(4));
        GrainCluster.Clock.Advance(LinkLoss);
        await agent.EndedAsync();
        Assert.False((await agent.AsTenant(agent.Gateway.Describe)).IsConnected);
    }

    [Fact]
    public async Task I14_A_stuck_outbox_is_drained_by_its_wake_shard_in_order_and_its_chain_holds()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        GrainCluster.Publisher.Refused[agent.GatewayId] = true;
        await agent.AsTenant(() => agent.Gateway.Rename("stuck-" + agent.GatewayId));
        Assert.Equal(["gateway.provisioned"], GrainCluster.Publisher.KindsOf(agent.GatewayId));
        GrainCluster.Publisher.Refused.TryRemove(agent.GatewayId, out _);
        GrainCluster.Clock.Advance(TimeSpan.FromSeconds(11));
        await GrainCluster.Publisher.PublishedAsync(agent.GatewayId, "gateway.renamed");
        OutboxEntry? previous = null;
        foreach (var entry in GrainCluster.Publisher.Of(agent.GatewayId))
        {
            Assert.True(AuditHash.Follows(previous, entry));
            previous = entry;
        }
    }

    [Fact]
    public async Task M1_8_A_closed_connection_ends_its_own_link_at_once_and_no_other()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        await agent.ConnectAsync();
        await agent.Gateway.ReleaseConnection("another-client", TestSockets.Generation);
        Assert.True((await agent.AsTenant(agent.Gateway.Describe)).IsConnected);
        await agent.Gateway.ReleaseConnection(TestSockets.Client, TestSockets.Generation);
        await agent.EndedAsync();
        await GrainCluster.RefusedAsync(() => agent.AsTenant(() => agent.Gateway.DescribeLive(NewRequest())), ErrorCodes.GatewayNotConnected);
        Assert.Contains("gateway.lost", GrainCluster.Publisher.KindsOf(agent.GatewayId));
    }

    [Fact]
    public async Task M3_8_Deactivation_revokes_credentials_ends_the_link_and_frees_the_name()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        await agent.AsTenant(() => agent.Gateway.RecordCertificate("AB12", GrainCluster.Clock.GetUtcNow().AddDays(1)));
        Assert.True(await agent.Gateway.IsCertificateValid("ab12"));
        await agent.ConnectAsync();
        await agent.AsTenant(agent.Gateway.Deactivate);
        await agent.FrameAsync<LinkSuperseded>(_ => true);
        await agent.EndedAsync();
        Assert.False(await agent.Gateway.IsCertificateValid("ab12"));
        await GrainCluster.RefusedAsync(() => agent.AsTenant(agent.Gateway.Describe), ErrorCodes.NotFound);
        await agent.AsTenant(agent.Gateway.Deactivate);
    }

    [Fact]
    public async Task I9_A_deactivation_says_when_its_certificates_could_not_be_revoked_and_is_done_when_repeated()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        var thumbprint = "CD34" + agent.GatewayId;
        await agent.AsTenant(() => agent.Gateway.RecordCertificate(thumbprint, GrainCluster.Clock.GetUtcNow().AddDays(1)));
        GrainCluster.Revocations.IsAway = true;
        try
        {
            await GrainCluster.RefusedAsync(() => agent.AsTenant(agent.Gateway.Deactivate), ErrorCodes.Unavailable);
        }
        finally
        {
            GrainCluster.Revocations.IsAway = false;
        }

        Assert.False(await agent.Gateway.IsCertificateValid(thumbprint));
        Assert.False(GrainCluster.Revocations.Has(thumbprint));
        await agent.AsTenant(agent.Gateway.Deactivate);
        Assert.True(GrainCluster.Revocations.Has(thumbprint));
    }

    [Fact]
    public async Task M2_10_Alarms_that_a_heartbeat_reports_are_kept_with_their_events_and_a_lost_gateway_gets_the_services_own()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        await agent.AsTenant(() => agent.Gateway.AttachVolume(new VolumeAttachment("vol-a", "data", 4096, "") { RecoveryPointObjectiveSeconds = 5 }));
        await agent.ConnectAsync();
        var ping = (await agent.FrameAsync<LinkPing>(_ => true)).Number;
        var status = new VolumeStatus("vol-a", VolumeRunState.Shadowing, "", 0, 0, [], 0, 4096) { Alarms = VolumeAlarms.LogFilling };
        await agent.AsAgent(() => agent.Link.Heartbeat(new LinkHeartbeat(agent.Generation, ping, 1, [status])));
        await GrainCluster.Publisher.PublishedAsync(agent.GatewayId, "gateway.alarm-raised");
        var described = await agent.AsTenant(agent.Gateway.Describe);
        Assert.Equal(("vol-a", VolumeAlarms.LogFilling), (Assert.Single(described.Alarms).VolumeId, described.Alarms[0].Alarms));
        GrainCluster.Clock.Advance(TimeSpan.FromSeconds(3));
        await agent.AsAgent(() => agent.Link.Heartbeat(new LinkHeartbeat(agent.Generation, ping, 1, [status with { Alarms = VolumeAlarms.None }])));
        await GrainCluster.Publisher.PublishedAsync(agent.GatewayId, "gateway.alarm-cleared");

        GrainCluster.Clock.Advance(LinkLoss);
        await GrainCluster.Publisher.PublishedAsync(agent.GatewayId, "gateway.lost");
        // The shard asks again as time goes on, and finds the recovery point older than it may be.
        while ((await agent.AsTenant(agent.Gateway.Describe)).Alarms.Count == 0) GrainCluster.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(VolumeAlarms.RecoveryPointOld, Assert.Single((await agent.AsTenant(agent.Gateway.Describe)).Alarms).Alarms);
    }
}
