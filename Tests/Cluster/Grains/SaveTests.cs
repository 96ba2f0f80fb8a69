using Tidegate.Grains.Accounts;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Outbox;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

[Collection(GrainCollection.Name)]
public sealed class SaveTests(GrainCluster cluster)
{
    [Fact]
    public async Task A_failed_save_changes_nothing_and_may_be_repeated()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        GrainCluster.Faults.Plan(agent.GatewayId, StorageFault.Lost);
        await GrainCluster.RefusedAsync(() => agent.AsTenant(() => agent.Gateway.Rename("new-" + agent.GatewayId)), ErrorCodes.Unavailable);
        Assert.Equal("name-" + agent.GatewayId, (await agent.AsTenant(agent.Gateway.Describe)).Name);
        await agent.AsTenant(() => agent.Gateway.Rename("new-" + agent.GatewayId));
        Assert.Equal("new-" + agent.GatewayId, (await agent.AsTenant(agent.Gateway.Describe)).Name);
    }

    [Theory]
    [InlineData(StorageFault.Lost)]
    [InlineData(StorageFault.Overtaken)]
    public async Task A_name_that_was_reserved_for_a_change_which_was_not_saved_is_free_again(StorageFault fault)
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        var (old, wanted) = ("name-" + agent.GatewayId, "wanted-" + agent.GatewayId);
        GrainCluster.Faults.Plan(agent.GatewayId, StorageFault.None, fault);
        await GrainCluster.RefusedAsync(() => agent.AsTenant(() => agent.Gateway.Rename(wanted)), ErrorCodes.Unavailable);
        await GrainCluster.As(GrainCluster.Operator, cluster.Grains.GetGrain<ISettles>(GrainId.Create("gateway", agent.GatewayId)).Settle);
        Assert.True(await Names.Grain(cluster.Grains, agent.AccountId, Names.Gateway, wanted).Reserve("gw-other"));
        await GrainCluster.RefusedAsync(() => agent.AsTenant(() => agent.Gateway.Rename(wanted)), ErrorCodes.NameInUse);
        Assert.Equal(old, (await agent.AsTenant(agent.Gateway.Describe)).Name);
    }

    [Fact]
    public async Task I14_A_save_whose_answer_was_lost_counts_once()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        GrainCluster.Faults.Plan(agent.GatewayId, StorageFault.None, StorageFault.Unanswered);
        await agent.AsTenant(() => agent.Gateway.Rename("new-" + agent.GatewayId));
        await agent.AsTenant(() => agent.Gateway.Rename("newer-" + agent.GatewayId));
        Assert.Equal(["gateway.provisioned", "gateway.renamed", "gateway.renamed"], GrainCluster.Publisher.KindsOf(agent.GatewayId));
        OutboxEntry? previous = null;
        foreach (var entry in GrainCluster.Publisher.Of(agent.GatewayId))
        {
            Assert.True(AuditHash.Follows(previous, entry));
            previous = entry;
        }
    }

    [Fact]
    public async Task The_loser_of_a_double_activation_ends_and_the_next_activation_goes_on()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewWrittenAsync(cluster, gateway);
        var segment = await volume.UploadAsync(2, 1);
        GrainCluster.Faults.Plan(volume.VolumeId, StorageFault.Overtaken);
        await GrainCluster.RefusedAsync(() => volume.CommitAsync(segment), ErrorCodes.Unavailable);
        Assert.Equal(2, (await volume.CommitAsync(segment)).CommittedSequence);
        Assert.Equal(3, (await volume.WriteAsync(3, 2)).CommittedSequence);
    }

    [Fact]
    public async Task The_manifest_of_a_refused_save_goes_and_those_of_saved_heads_and_lost_answers_stay()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var volume = await VolumeUnderTest.NewAsync(cluster, gateway);
        await volume.AttachAsync();
        var saved = Manifests();
        GrainCluster.Faults.Plan(volume.VolumeId, StorageFault.Overtaken);
        await GrainCluster.RefusedAsync(() => volume.AttachAsync(), ErrorCodes.Unavailable);
        Assert.Equal(saved, Manifests());
        GrainCluster.Faults.Plan(volume.VolumeId, StorageFault.Unanswered);
        await volume.AttachAsync();
        Assert.Equal(saved.Length + 1, Manifests().Length);
        Assert.Equal(volume.Epoch, (await volume.NewestManifestAsync()).Head.Epoch);

        string[] Manifests() => [.. GrainCluster.Blobs.Keys.Where(key => key.StartsWith($"{gateway.AccountId}/{volume.VolumeId}/head/", StringComparison.Ordinal)).Order()];
    }

    [Fact]
    public async Task M1_7_An_activation_that_lost_its_place_lets_go_of_its_link()
    {
        await using var agent = await GatewayUnderTest.NewAsync(cluster);
        await agent.ConnectAsync();
        GrainCluster.Faults.Plan(agent.GatewayId, StorageFault.Overtaken);
        await GrainCluster.RefusedAsync(
            () => agent.AsTenant(() => agent.Gateway.AttachVolume(new VolumeAttachment("vol-x", "data", 4096, ""))), ErrorCodes.Unavailable);
        await agent.EndedAsync();
        await using var again = agent.Copy();
        await again.ConnectAsync();
        Assert.Equal(2, again.Generation);
    }
}
