using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Volumes;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>A volume made of a store that is at the gateway (M2.6): the agent is asked before anything is saved, and what it says against it leaves no trace.</summary>
[Collection(GrainCollection.Name)]
public sealed class AdoptionTests(GrainCluster cluster)
{
    private const string Path = "/images/disk.raw";

    [Fact]
    public async Task The_volume_has_the_size_of_the_store_and_the_agent_is_told_of_its_path()
    {
        await using var gateway = await ConnectedAsync(new StoreInspection(12 << 20));
        var (volume, specification) = New(gateway);
        var wrong = await GrainCluster.RefusedAsync(
            () => gateway.AsTenant(() => volume.Create(specification with { SizeBytes = 8 << 20 })), ErrorCodes.InvalidArgument);
        Assert.Contains($"{12 << 20}", wrong.Message, StringComparison.Ordinal);
        await NothingIsLeftAsync(gateway, volume);

        var created = await gateway.AsTenant(() => volume.Create(specification));
        Assert.Equal(12 << 20, created.SizeBytes);
        var told = await gateway.FrameAsync<LinkConfiguration>(frame => frame.Configuration.Volumes.Count == 1);
        Assert.Equal((Path, 12L << 20), (told.Configuration.Volumes[0].AdoptPath, told.Configuration.Volumes[0].SizeBytes));
        // A repeat finds the volume, and asks nobody.
        var deliveries = gateway.Deliveries;
        Assert.Equal(created.VolumeId, (await gateway.AsTenant(() => volume.Create(specification))).VolumeId);
        Assert.Equal(deliveries, gateway.Deliveries);
    }

    [Fact]
    public async Task What_the_agent_says_against_it_is_the_answer_and_the_next_attempt_asks_again()
    {
        await using var gateway = await ConnectedAsync(new StoreInspection(8 << 20));
        var answers = gateway.OnDeliver!;
        gateway.OnDeliver = request =>
        {
            _ = gateway.ReportAsync(request, null, ErrorCodes.InvalidArgument);
            return Task.FromResult(new DeliverReply(true));
        };
        var (volume, specification) = New(gateway);
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Create(specification)), ErrorCodes.InvalidArgument);
        await NothingIsLeftAsync(gateway, volume);
        gateway.OnDeliver = _ => Task.FromResult(new DeliverReply(false, ErrorCodes.InvalidState, "too old for that"));
        var refused = await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Create(specification)), ErrorCodes.InvalidState);
        Assert.Contains("too old for that", refused.Message, StringComparison.Ordinal);
        await NothingIsLeftAsync(gateway, volume);
        gateway.OnDeliver = answers;
        Assert.Equal(8 << 20, (await gateway.AsTenant(() => volume.Create(specification))).SizeBytes);
    }

    [Fact]
    public async Task Without_a_link_it_is_refused_at_once()
    {
        await using var gateway = await GatewayUnderTest.NewAsync(cluster);
        var (volume, specification) = New(gateway);
        await GrainCluster.RefusedAsync(() => gateway.AsTenant(() => volume.Create(specification)), ErrorCodes.GatewayNotConnected);
        await NothingIsLeftAsync(gateway, volume);
    }

    [Fact]
    public async Task Nobody_looks_into_a_machine_through_another_account_s_gateway_or_as_its_agent()
    {
        await using var gateway = await ConnectedAsync(new StoreInspection(8 << 20));
        var stranger = await cluster.NewAccountAsync();
        var (volume, specification) = New(gateway);
        await GrainCluster.RefusedAsync(
            () => GrainCluster.As(GrainCluster.Tenant(stranger), () => volume.Create(specification with { AccountId = stranger })), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => GrainCluster.As(GrainCluster.Tenant(stranger), () => volume.Create(specification)), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(
            () => GrainCluster.As(GrainCluster.Tenant(stranger), () => gateway.Gateway.InspectStore(Path, "inspect-1")), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(() => gateway.AsAgent(() => gateway.Gateway.InspectStore(Path, "inspect-1")), ErrorCodes.NotFound);
        await GrainCluster.RefusedAsync(
            () => gateway.AsTenant(() => gateway.Gateway.InspectStore(new string('/', InspectStoreRequest.MaxPathLength + 1), "inspect-1")), ErrorCodes.InvalidArgument);
        Assert.Equal(0, gateway.Deliveries);
    }

    private async Task<GatewayUnderTest> ConnectedAsync(StoreInspection store)
    {
        var gateway = await GatewayUnderTest.NewAsync(cluster);
        await gateway.ConnectAsync();
        gateway.OnDeliver = request =>
        {
            Assert.Equal(Path, Assert.IsType<InspectStoreRequest>(request).Path);
            _ = gateway.ReportAsync(request, store);
            return Task.FromResult(new DeliverReply(true));
        };
        return gateway;
    }

    private (IVolumeGrain Volume, VolumeSpecification Specification) New(GatewayUnderTest gateway)
    {
        var id = ResourceId.New(ResourceKind.Volume);
        return (cluster.Grains.GetGrain<IVolumeGrain>(id), new VolumeSpecification(gateway.AccountId, gateway.GatewayId, "adopted", 0, "") { AdoptPath = Path });
    }

    private static Task NothingIsLeftAsync(GatewayUnderTest gateway, IVolumeGrain volume) =>
        GrainCluster.RefusedAsync(() => gateway.AsTenant(volume.Describe), ErrorCodes.NotFound);
}
