using System.Reflection;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>Layer 3: deny unless the method, the role and the key all say otherwise.</summary>
public sealed class CallPolicyTests
{
    private const string Gateway = "gw-00000000000000000001";
    private static readonly LinkToken Agent = new(new Caller(Role.Agent, "123456789012", Gateway, Gateway), "AB", "client-1", DateTimeOffset.MaxValue);
    private static readonly MethodInfo Heartbeat = typeof(IGatewayLinkGrain).GetMethod(nameof(IGatewayLinkGrain.Heartbeat))!;

    [Fact]
    public void An_agent_reaches_its_own_gateway() => Assert.Null(CallPolicy.Refusal(Heartbeat, Gateway, Agent, "client-1"));

    [Fact]
    public void An_agent_does_not_reach_another_gateway() =>
        Assert.NotNull(CallPolicy.Refusal(Heartbeat, "gw-00000000000000000002", Agent, "client-1"));

    [Fact]
    public void A_token_without_a_gateway_reaches_none() =>
        Assert.NotNull(CallPolicy.Refusal(Heartbeat, "", Agent with { Caller = Agent.Caller with { GatewayId = "" } }, "client-1"));

    [Fact]
    public void A_stolen_token_is_worth_nothing_to_another_client() => Assert.NotNull(CallPolicy.Refusal(Heartbeat, Gateway, Agent, "client-2"));

    [Fact]
    public void No_token_no_call() => Assert.NotNull(CallPolicy.Refusal(Heartbeat, Gateway, null, "client-1"));

    [Theory, InlineData(Role.None), InlineData(Role.AccountAdmin), InlineData(Role.Operator)]
    public void Other_roles_are_not_agents(Role role) =>
        Assert.NotNull(CallPolicy.Refusal(Heartbeat, Gateway, Agent with { Caller = Agent.Caller with { Role = role } }, "client-1"));

    [Fact]
    public void Methods_of_no_interface_are_refused()
    {
        Assert.NotNull(CallPolicy.Refusal(null, Gateway, Agent, "client-1"));
        Assert.NotNull(CallPolicy.Refusal(typeof(CallPolicyTests).GetMethod(nameof(No_token_no_call)), Gateway, Agent, "client-1"));
        Assert.NotNull(CallPolicy.Refusal(typeof(IManagementGrain).GetMethods()[0], Gateway, Agent, "client-1"));
    }

    /// <summary>Exactly these grain methods are open to clients: a change of this list is a change of the security model.</summary>
    [Fact]
    public void Open_methods_are_known_by_name()
    {
        var open =
            from type in typeof(IGatewayGrain).Assembly.GetTypes()
            where type.IsInterface && typeof(IGrain).IsAssignableFrom(type)
            from method in type.GetMethods()
            where method.GetCustomAttribute<ReachableByAttribute>() is not null
            select $"{type.Name}.{method.Name}";
        Assert.Equal(
            [
                "IGatewayLinkGrain.Heartbeat", "IGatewayLinkGrain.Open", "IGatewayLinkGrain.Register", "IGatewayLinkGrain.Report",
                "IVolumeDataGrain.Attach", "IVolumeDataGrain.Commit", "IVolumeDataGrain.CommitFills", "IVolumeDataGrain.GetImage", "IVolumeDataGrain.GetReadTickets",
                "IVolumeDataGrain.GetSnapshotImage", "IVolumeDataGrain.GetWriteTickets", "IVolumeDataGrain.PublishStaging",
            ],
            open.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_open_contract_says_whom_its_keys_belong_to()
    {
        Assert.Equal(KeyOwner.Gateway, typeof(IGatewayLinkGrain).GetCustomAttribute<KeyBelongsToAttribute>()!.Owner);
        Assert.Equal(KeyOwner.CheckedByGrain, typeof(IVolumeDataGrain).GetCustomAttribute<KeyBelongsToAttribute>()!.Owner);
    }
}
