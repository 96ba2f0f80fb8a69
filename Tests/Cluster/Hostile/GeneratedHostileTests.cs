using Tidegate.Tests.Cluster.Link;
using Xunit;

namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>
/// The hostile client: everything that two running silos know how to call, called over real TLS by an agent with a good certificate and
/// token that has no business with it. Made from Orleans' registries: what a new contract or package brings is tried by itself.
/// </summary>
[Collection(GuardedPairCollection.Name)]
public sealed class GeneratedHostileTests(GuardedPair pair)
{
    [Fact]
    public async Task Every_method_of_every_interface_extension_and_system_target_is_refused_unless_it_is_marked()
    {
        var surface = new Surface(pair.Second.Services);
        await using var other = await LinkedAgent.ConnectAsync(pair.First);
        await SurveyAsync(pair.Second, pair.First, other, own => Attempts.Calls(surface, pair.Second, own), atLeast: 340);
    }

    [Fact(Explicit = true)]
    public async Task A_header_that_says_the_call_is_another_changes_nothing()
    {
        var surface = new Surface(pair.First.Services);
        await using var other = await LinkedAgent.ConnectAsync(pair.Second);
        await SurveyAsync(pair.First, pair.Second, other, own => Attempts.LyingHeaders(surface, pair.First, own), atLeast: 320);
    }

    [Fact]
    public async Task A_client_id_is_its_owners_on_either_silo()
    {
        await using var victim = await LinkedAgent.ConnectAsync(pair.Second);
        foreach (var silo in new[] { pair.First, pair.Second })
        {
            var thief = await silo.NewGatewayAsync();
            await using var link = await RawLink.ConnectAsync(silo, thief.Certificate);
            await link.PreambleAsync(RawLink.Client(victim.Link.ClientId));
            Assert.Equal(0, await link.ClosedAsync());
            await silo.Log.SeenAsync(3001, $"gateway {thief.GatewayId} (client , from");
            await victim.WorksAsync();
        }
    }

    [Fact]
    public async Task Nobodys_name_can_be_used_nobody_answered_for_and_no_cache_emptied()
    {
        var surface = new Surface(pair.First.Services);
        await using var victim = await LinkedAgent.ConnectAsync(pair.First);
        await SurveyAsync(pair.First, pair.Second, victim, own => Attempts.Forgeries(surface, pair.First, own, victim.Gateway, victim.Link.ClientId), atLeast: 170);
    }

    [Fact]
    public async Task A_strangers_gateway_is_not_reached_whatever_the_caller_claims_to_be()
    {
        var surface = new Surface(pair.First.Services);
        await using var victim = await LinkedAgent.ConnectAsync(pair.Second);
        await SurveyAsync(pair.First, pair.First, victim, _ => Attempts.ForeignKeys(surface, pair.First, victim.Gateway), atLeast: 15);
    }

    private async Task SurveyAsync(GuardedSilo silo, GuardedSilo home, LinkedAgent other, Func<TestGateway, IEnumerable<HostileFrame>> attempts, int atLeast)
    {
        await using var bystander = await LinkedAgent.ConnectAsync(silo);
        await using var survey = new Survey(silo, home, bystander, other);
        Assert.Empty(await survey.FindAsync(attempts));
        Assert.InRange(survey.Tried, atLeast, 10_000);
        await survey.ReportedAsync(pair.First, pair.Second);
    }
}
