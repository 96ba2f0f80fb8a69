using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.GatewayAgent.Hooks;

/// <summary>Applications from their freeze to their thaw.</summary>
internal sealed class FrozenApplications(SnapshotHooks hooks, FreezeNote note, IReadOnlyList<HookSet> sets, string noteName)
{
    private readonly bool[] _frozen = new bool[sets.Count];
    private readonly string[] _failures = [.. sets.Select(static _ => "")];

    /// <summary>The hooks that were run.</summary>
    public IReadOnlyList<HookSet> Sets => sets;

    /// <summary>The file that says so; empty for none.</summary>
    public string NoteName => noteName;

    /// <summary>True when the hooks were entered by this freeze, and others wait for its thaw.</summary>
    public bool IsEntered { get; init; }

    /// <summary>Runs every freeze command; throws <c>InvalidState</c> after thawing when one failed that must not.</summary>
    public async Task FreezeAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(sets.Select(async (set, i) => _failures[i] = await RunAsync(isFreeze: true, set, cancellationToken)));
        var fatal = Enumerable.Range(0, sets.Count).Where(i => _failures[i].Length > 0 && sets[i].FailsSnapshot).Select(i => _failures[i]).ToArray();
        if (fatal.Length == 0 && !cancellationToken.IsCancellationRequested)
            return;
        await ThawAsync();
        cancellationToken.ThrowIfCancellationRequested();
        throw new TidegateException(
            ErrorCodes.InvalidState, $"The snapshot was not taken, because its applications could not be frozen: {string.Join("; ", fatal)}",
            "Look at the freeze command at the gateway, or let its OnFreezeFailure be go-on.");
    }

    /// <summary>Runs every thaw command, each in its time. Never throws; what failed is on the snapshots and in the log.</summary>
    public async Task ThawAsync()
    {
        if (sets.Count == 0)
            return;
        var thaws = await Task.WhenAll(sets.Select(set => RunAsync(isFreeze: false, set, CancellationToken.None)));
        for (var i = 0; i < thaws.Length; i++)
            _failures[i] = string.Join("; ", new[] { _failures[i], thaws[i] }.Where(static failure => failure.Length > 0));
        hooks.Thawed(this, thaws.Where(static failure => failure.Length > 0));
    }

    /// <summary>What a volume's snapshot may say of itself, and what went wrong; asked for after the thaw.</summary>
    public (SnapshotConsistency Consistency, string Failure) Of(HookVolume volume) =>
        note.Volumes.Contains(volume) && hooks.SetOf(volume) is { } set
            ? (_frozen[IndexOf(set)] ? SnapshotConsistency.Application : SnapshotConsistency.Crash, _failures[IndexOf(set)])
            : (SnapshotConsistency.Crash, "");

    private int IndexOf(HookSet set) => sets.TakeWhile(known => known != set).Count();

    private async Task<string> RunAsync(bool isFreeze, HookSet set, CancellationToken cancellationToken)
    {
        string failure;
        try
        {
            failure = await hooks.RunAsync(isFreeze, set, note, cancellationToken);
        }
        catch (Exception unexpected)
        {
            failure = unexpected.Message;
        }
        if (isFreeze)
            _frozen[IndexOf(set)] = failure.Length == 0;
        return failure.Length == 0 ? "" : $"{(isFreeze ? "freeze" : "thaw")}{(set.Name.Length > 0 ? $" of '{set.Name}'" : "")}: {failure}";
    }
}
