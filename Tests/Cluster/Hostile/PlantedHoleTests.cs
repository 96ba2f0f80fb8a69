using Tidegate.Silo.Link;
using Tidegate.Tests.Cluster.Link;
using Xunit;

namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>The generated suite finds what it is there to find: a silo with one rule off is told from a sound one.</summary>
public sealed class PlantedHoleTests : IAsyncLifetime
{
    private readonly GuardedSilo _silo;
    private string _ruleOff = "";

    public PlantedHoleTests() => _silo = new GuardedSilo
    {
        Judges = new LinkJudges
        {
            Frame = (rules, frame) => rules.Refusal(frame) is { } rule && !IsOff(rule) ? rule : null,
            Call = (method, key, token, client) => CallPolicy.Refusal(method, key, token, client) is { } rule && !IsOff(rule) ? rule : null,
        },
    };

    public ValueTask InitializeAsync() => _silo.InitializeAsync();

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task Each_hole_is_found_and_a_silo_without_one_has_none()
    {
        var surface = new Surface(_silo.Services);
        await using var victim = await LinkedAgent.ConnectAsync(_silo);
        IEnumerable<HostileFrame> Everything(TestGateway own) =>
            Attempts.Calls(surface, _silo, own).Where(static frame => frame.Name.StartsWith(nameof(IPlantedGrain), StringComparison.Ordinal))
                .Concat(Attempts.ForeignKeys(surface, _silo, victim.Gateway))
                // A forged answer to a system target would take the whole process with it, this test's too.
                .Concat(Attempts.Forgeries(surface, _silo, own, victim.Gateway, victim.Link.ClientId).Where(static frame => frame.Name.EndsWith("sys.client", StringComparison.Ordinal)));

        foreach (var (rule, found) in new[]
        {
            ("", ""),
            ("IPlantedGrain.Unmarked is open to no client", "IPlantedGrain.Unmarked on planted: Answered"),
            ("the grain's key is not the caller's", "Heartbeat of a stranger: Answered"),
            ("a forged sender", "a call in the name of"),
            ("a response to a request that was not sent here", "an answer to"),
        })
        {
            _ruleOff = rule;
            await using var survey = new Survey(_silo, _silo, victim);
            var findings = await survey.FindAsync(Everything);
            Assert.True(rule.Length == 0 ? findings.Count == 0 : findings.Any(finding => finding.Contains(found, StringComparison.Ordinal)), $"With the rule '{rule}' off the survey found: {string.Join("; ", findings)}");
        }
    }

    private bool IsOff(string rule) => _ruleOff.Length > 0 && rule.StartsWith(_ruleOff, StringComparison.Ordinal);
}
