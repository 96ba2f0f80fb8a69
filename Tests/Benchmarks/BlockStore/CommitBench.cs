using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Volumes;
using Tidegate.Tests.Benchmarks.Harness;

namespace Tidegate.Tests.Benchmarks.BlockStore;

/// <summary>
/// Segments committed a second through the real volume grain on the real state store, over saves a second of the same store that do nothing
/// else, of the state that the grain saves. One volume commits as an agent with a backlog does, as many segments a call as one takes, and waits for
/// folds as it does; many volumes at once commit one segment a call. What follows a commit (records, projection, folds) runs beside both.
/// </summary>
internal static class CommitBench
{
    private const int Volumes = 200;
    private const int VolumesPerGateway = 50;

    public static async Task RunAsync(BenchContext context)
    {
        await using var silo = await CommitSilo.StartAsync(Path.Combine(context.Work, "silo"));
        var account = await silo.NewAccountAsync();
        await OneVolumeAsync(context, silo, account);
        await ManyVolumesAsync(context, silo, account);
    }

    private static async Task OneVolumeAsync(BenchContext context, CommitSilo silo, string account)
    {
        // An agent may store 1,024 segments ahead of what is committed, and no more.
        var (rounds, saves) = (context.IsQuick ? 3 : 15, 30);
        var batch = CommitRequest.MaxSegments;
        var agent = await CommittingAgent.AttachAsync(silo, account, await silo.NewGatewayAsync(account));
        await agent.StoreAsync(batch);
        await agent.CommitAsync(batch);
        List<double> ratios = [], rates = [], raw = [];
        for (var round = 0; round < rounds; round++)
        {
            await agent.StoreAsync(saves * batch);
            rates.Add(saves * batch / await SecondsAsync(() => agent.CommitAsync(batch)));
            var state = await StateAsync(silo, agent);
            raw.Add(saves / await SecondsAsync(() => SaveAsync(silo, state, $"one-{round}", saves)));
            ratios.Add(rates[^1] / raw[^1]);
            BenchContext.Progress(FormattableString.Invariant($"one volume, round {round + 1}: {rates[^1]:F0} segments/s, {raw[^1]:F0} raw saves/s"));
        }
        Take(context, "commits_per_s_volume", ratios, rates, raw, "saves one after the other");
        context.Report.Notes["commitBatch"] = batch;
    }

    private static async Task ManyVolumesAsync(BenchContext context, CommitSilo silo, string account)
    {
        var (rounds, saves) = context.IsQuick ? (2, 4) : (3, 16);
        var agents = new List<CommittingAgent>();
        for (var i = 0; i < Volumes / VolumesPerGateway; i++)
        {
            var gateway = await silo.NewGatewayAsync(account);
            for (var j = 0; j < VolumesPerGateway; j++) agents.Add(await CommittingAgent.AttachAsync(silo, account, gateway));
        }
        List<double> ratios = [], rates = [], raw = [];
        for (var round = 0; round < rounds; round++)
        {
            await Parallel.ForEachAsync(agents, async (agent, _) => await agent.StoreAsync(saves));
            rates.Add(Volumes * saves / await SecondsAsync(() => Task.WhenAll(agents.Select(agent => agent.CommitAsync(1)))));
            var state = await StateAsync(silo, agents[0]);
            raw.Add(Volumes * saves / await SecondsAsync(() => Task.WhenAll(agents.Select((_, i) => SaveAsync(silo, state, $"many-{round}-{i}", saves)))));
            ratios.Add(rates[^1] / raw[^1]);
            BenchContext.Progress(FormattableString.Invariant($"{Volumes} volumes, round {round + 1}: {rates[^1]:F0} segments/s, {raw[^1]:F0} raw saves/s"));
        }
        Take(context, "commits_per_s_silo", ratios, rates, raw, "as many saves at once");
        context.Report.Notes["committingVolumes"] = Volumes;
    }

    private static void Take(BenchContext context, string figure, List<double> ratios, List<double> rates, List<double> raw, string peer)
    {
        context.Report.Figures[figure] = Figure.Of(ratios, "ratio", $"raw saves of the same state store, {peer}");
        context.Report.Notes[figure + "_segments_per_s"] = Figure.Of(rates, "").Value;
        context.Report.Notes[figure + "_raw_saves_per_s"] = Figure.Of(raw, "").Value;
    }

    /// <summary>What the volume's grain has saved, so that raw saves carry as much.</summary>
    private static async Task<VolumeState> StateAsync(CommitSilo silo, CommittingAgent agent)
    {
        var saved = new GrainState<VolumeState>(new VolumeState());
        await silo.Storage.ReadStateAsync("volume", GrainId.Create("volume", agent.VolumeId), saved);
        return saved.State is { Head.Length: > 0 }
            ? saved.State
            : throw new InvalidOperationException($"The state of {agent.VolumeId} is not where the volume grain keeps it.");
    }

    private static async Task SaveAsync(CommitSilo silo, VolumeState state, string name, int saves)
    {
        var raw = new GrainState<VolumeState>(state);
        var id = GrainId.Create("raw-saves", name);
        for (var i = 0; i < saves; i++) await silo.Storage.WriteStateAsync("volume", id, raw);
    }

    private static async Task<double> SecondsAsync(Func<Task> work)
    {
        var started = TimeProvider.System.GetTimestamp();
        await work();
        return TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }
}
