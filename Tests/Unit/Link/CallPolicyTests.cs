using System.Reflection;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Silo.Link;
using Tidegate.Tests.Kit.Processes;
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

    /// <summary>
    /// Every method of every grain contract, for every role, bound to volumes and not: let through exactly where the table of who may do what says
    /// so. A new method is closed until it is in both, and a change of either is a change of the security model.
    /// </summary>
    [Fact]
    public void Every_method_is_open_to_the_roles_that_the_table_names_and_to_nobody_else()
    {
        var table = File.ReadLines(Path.Combine(Repository.Root, "docs/security/access.md")).Where(static line => line.StartsWith("| `I", StringComparison.Ordinal))
            .Select(static line => line.Trim('|', ' ').Split('|', StringSplitOptions.TrimEntries)).ToDictionary(static cells => cells[0].Trim('`'), static cells => (Roles: cells[1].Split(", "), Bound: cells[2] == "yes"));
        var methods = typeof(IGatewayGrain).Assembly.GetTypes().Where(static type => type.IsInterface && typeof(IGrain).IsAssignableFrom(type)).SelectMany(static type => type.GetMethods()).ToArray();
        Assert.Empty(table.Keys.Except(methods.Select(Name)));
        var outcomes =
            from method in methods
            from role in Enum.GetValues<Role>()
            from isBound in new[] { false, true }
            let key = method.DeclaringType!.GetCustomAttribute<KeyBelongsToAttribute>()?.Owner == KeyOwner.Account ? "123456789012" : Gateway
            let token = Agent with { Caller = new Caller(role, "123456789012", role == Role.Agent ? Gateway : "", "somebody") { Volumes = isBound ? "vol-00000000000000000001" : "" } }
            let isOpen = CallPolicy.Refusal(method, key, token, "client-1") is null
            let isMeant = table.TryGetValue(Name(method), out var row) && row.Roles.Contains($"{char.ToLowerInvariant($"{role}"[0])}{$"{role}"[1..]}") && (row.Bound || !isBound)
            where isOpen != isMeant
            select $"{Name(method)} {role}{(isBound ? ", bound" : "")}: open {isOpen}, meant {isMeant}";
        Assert.Empty(outcomes);

        // One kind of clients never reaches what is the other's.
        Assert.DoesNotContain(methods, static method => OpenGrainTypes.IsOpen(method, LinkClientKind.Agent) && OpenGrainTypes.IsOpen(method, LinkClientKind.Developer));
        static string Name(MethodInfo method) => $"{method.DeclaringType!.Name}.{method.Name}";
    }

    [Fact]
    public void Another_accounts_grain_is_not_reached_and_a_role_that_is_too_little_may_know_it()
    {
        var describe = typeof(IAccountGrain).GetMethod(nameof(IAccountGrain.Describe))!;
        var reader = Agent with { Caller = new Caller(Role.Reader, "123456789012", "", "key-00000000000000000001") };
        Assert.Null(CallPolicy.Refusal(describe, "123456789012", reader, "client-1"));
        Assert.NotNull(CallPolicy.Refusal(describe, "123456789013", reader, "client-1"));
        Assert.False(CallPolicy.IsRoleWanting(describe, reader, "client-1"));
        var delete = typeof(IVolumeGrain).GetMethod(nameof(IVolumeGrain.Delete))!;
        Assert.True(CallPolicy.IsRoleWanting(delete, reader, "client-1"));
        Assert.False(CallPolicy.IsRoleWanting(delete, reader, "client-2"));
        Assert.False(CallPolicy.IsRoleWanting(Heartbeat, reader, "client-1"));
        Assert.False(CallPolicy.IsRoleWanting(delete, Agent, "client-1"));
    }

    [Fact]
    public void Every_open_contract_says_whom_its_keys_belong_to_and_what_they_are()
    {
        Assert.Equal(KeyOwner.Gateway, typeof(IGatewayLinkGrain).GetCustomAttribute<KeyBelongsToAttribute>()!.Owner);
        Assert.Equal(KeyOwner.CheckedByGrain, typeof(IVolumeDataGrain).GetCustomAttribute<KeyBelongsToAttribute>()!.Owner);
        foreach (var contract in typeof(IGatewayGrain).Assembly.GetTypes().Where(static type => type.IsInterface && (OpenGrainTypes.IsOpen(type, LinkClientKind.Agent) || OpenGrainTypes.IsOpen(type, LinkClientKind.Developer))))
            Assert.NotNull(contract.GetCustomAttribute<KeyBelongsToAttribute>());
    }
}
