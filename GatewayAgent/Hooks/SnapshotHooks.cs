using System.Globalization;
using System.Text.Json;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Identity;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.GatewayAgent.Hooks;

/// <summary>
/// Brings applications to rest around a snapshot's point (<c>docs/operating/snapshot-hooks.md</c>; M2.8). Whatever happens after a freeze command was started,
/// its thaw command runs: also when the freeze fails, times out, or the agent dies and starts again. One set of hooks is never run twice at a time.
/// </summary>
internal sealed partial class SnapshotHooks
{
    private const string NotePrefix = "frozen-";

    private readonly HookOptions _options;
    private readonly IHookRunner _runner;
    private readonly IDisk? _notes;
    private readonly ILogger _logger;
    private readonly Dictionary<HookSet, SemaphoreSlim> _running;
    private long _number;

    /// <summary><paramref name="notes"/> keeps a file for each freeze under way; not needed where there are no hooks.</summary>
    public SnapshotHooks(HookOptions options, IHookRunner runner, IDisk? notes, ILogger<SnapshotHooks> logger)
    {
        (_options, _runner, _notes, _logger) = (options, runner, notes, logger);
        _running = options.All.ToDictionary(static set => set, static _ => new SemaphoreSlim(1));
    }

    /// <summary>Thaws what an agent that died had frozen. Returns when every command has ended.</summary>
    public async Task ThawLeftAsync()
    {
        foreach (var name in _notes?.List().Where(static name => name.StartsWith(NotePrefix, StringComparison.Ordinal) && !name.EndsWith(".new", StringComparison.Ordinal)).ToArray() ?? [])
        {
            if (Read(name) is { } note)
            {
                LogLeft(_logger, string.Join(", ", note.Volumes.Select(static volume => volume.Name)));
                await new FrozenApplications(this, note, SetsOf(note.Volumes), name).ThawAsync();
            }
            else
            {
                AtomicFile.Remove(_notes!, name);
            }
        }
    }

    /// <summary>
    /// Freezes for these volumes. The caller thaws what is returned, at once after the point.
    /// </summary>
    /// <exception cref="TidegateException"><c>InvalidState</c>: a freeze failed whose hooks fail the snapshot then; everything is thawed.</exception>
    public async Task<FrozenApplications> FreezeAsync(string groupId, IReadOnlyList<HookVolume> volumes, CancellationToken cancellationToken)
    {
        var sets = SetsOf(volumes);
        if (sets.Count == 0)
            return new FrozenApplications(this, new FreezeNote(groupId, volumes), sets, "");
        var entered = 0;
        try
        {
            for (; entered < sets.Count; entered++)
                await _running[sets[entered]].WaitAsync(cancellationToken);
            var note = new FreezeNote(groupId, volumes);
            var frozen = new FrozenApplications(this, note, sets, Write(note)) { IsEntered = true };
            entered = 0;
            await frozen.FreezeAsync(cancellationToken);
            return frozen;
        }
        catch (DiskFaultException fault)
        {
            throw new TidegateException(ErrorCodes.InvalidState, $"Applications were not frozen, because it could not be noted: {fault.Message}", "Check the disk of the agent's state, then try again.");
        }
        finally
        {
            while (entered > 0)
                _running[sets[--entered]].Release();
        }
    }

    internal HookSet? SetOf(HookVolume volume) => _options.For(volume.Name);

    internal Task<string> RunAsync(bool isFreeze, HookSet set, FreezeNote note, CancellationToken cancellationToken)
    {
        var mine = note.Volumes.Where(volume => _options.For(volume.Name) == set).ToArray();
        var environment = new Dictionary<string, string>
        {
            ["TIDEGATE_HOOK"] = isFreeze ? "freeze" : "thaw",
            ["TIDEGATE_VOLUMES"] = string.Join('\n', mine.Select(static volume => volume.Name)),
            ["TIDEGATE_VOLUME_IDS"] = string.Join('\n', mine.Select(static volume => volume.VolumeId)),
            ["TIDEGATE_SNAPSHOT_IDS"] = string.Join('\n', mine.Select(static volume => volume.SnapshotId)),
            ["TIDEGATE_GROUP_ID"] = note.GroupId,
        };
        return isFreeze
            ? _runner.RunAsync(set.Freeze, environment, set.FreezeLimit, cancellationToken)
            : _runner.RunAsync(set.Thaw, environment, set.ThawLimit, cancellationToken);
    }

    internal void Thawed(FrozenApplications frozen, IEnumerable<string> failures)
    {
        foreach (var failure in failures)
            LogNotThawed(_logger, failure);
        try
        {
            if (frozen.NoteName.Length > 0)
                AtomicFile.Remove(_notes!, frozen.NoteName);
        }
        catch (DiskFaultException fault)
        {
            // It is thawed once more when the agent starts, which is harmless.
            LogNoteKept(_logger, frozen.NoteName, fault.Message);
        }
        if (frozen.IsEntered)
        {
            foreach (var set in frozen.Sets)
                _running[set].Release();
        }
    }

    // In one order, so that two rounds never wait for each other.
    private List<HookSet> SetsOf(IEnumerable<HookVolume> volumes) =>
        [.. volumes.Select(SetOf).OfType<HookSet>().Distinct().OrderBy(static set => set.Name, StringComparer.Ordinal)];

    private string Write(FreezeNote note)
    {
        var name = NotePrefix + Interlocked.Increment(ref _number).ToString(CultureInfo.InvariantCulture);
        if (_notes is not null)
            AtomicFile.Replace(_notes, name, JsonSerializer.SerializeToUtf8Bytes(note, HookJson.Default.FreezeNote));
        return name;
    }

    private FreezeNote? Read(string name)
    {
        try
        {
            return AtomicFile.Read(_notes!, name) is { } content ? JsonSerializer.Deserialize(content, HookJson.Default.FreezeNote) : null;
        }
        catch (Exception error) when (error is JsonException or InvalidDataException)
        {
            // It was never durable, so nothing was frozen after it.
            return null;
        }
    }

    [LoggerMessage(2350, LogLevel.Warning, "Applications of {Volumes} were frozen when the agent ended; they are thawed now")]
    private static partial void LogLeft(ILogger logger, string volumes);
    [LoggerMessage(2351, LogLevel.Error, "Applications may still be frozen: {Failure}. Thaw them by hand")]
    private static partial void LogNotThawed(ILogger logger, string failure);
    [LoggerMessage(2352, LogLevel.Warning, "The note {Name} of a freeze that has ended could not be removed: {Why}")]
    private static partial void LogNoteKept(ILogger logger, string name, string why);
}
