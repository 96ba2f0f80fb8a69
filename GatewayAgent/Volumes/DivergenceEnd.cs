using System.Text.Json;
using System.Text.Json.Serialization;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Grains.Interfaces.Gateways;
using Log = Tidegate.GatewayAgent.WriteLog.WriteLog;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// Ends a divergence as the volume's owner said (M2.7): a new log that begins where the volume stands at the service, over the store that is here, all of it
/// dirty, or over an empty one that is fetched from the service, with the old files put aside. Every step may be repeated after a crash; the note of the
/// decision goes last.
/// </summary>
internal sealed class DivergenceEnd(VolumeFiles files, string volumeId, TimeProvider time)
{
    /// <summary>File that holds the decision until it is carried out.</summary>
    public const string FileName = "divergence.json";

    /// <summary>The decision as it is kept.</summary>
    /// <param name="Id">Names what is put aside.</param>
    /// <param name="Keep">Which copy goes on.</param>
    /// <param name="Tip">Where the volume stands at the service.</param>
    /// <param name="SnapshotId">What it is fetched from; empty for how it began.</param>
    internal sealed record Decision(string Id, DivergenceChoice Keep, VolumeTip Tip, string SnapshotId);

    /// <summary>True when a decision is noted and not carried out.</summary>
    public bool IsPending => files.Disk.Exists(FileName);

    /// <summary>Notes the decision, durably: from here on it is carried out, by this process or the next.</summary>
    public void Note(ResolveDivergenceRequest request) => files.WriteText(FileName, JsonSerializer.Serialize(
        new Decision(time.GetUtcNow().UtcDateTime.ToString("yyyyMMdd'T'HHmmss", System.Globalization.CultureInfo.InvariantCulture), request.Keep, request.Tip, request.SnapshotId),
        DivergenceJson.Default.Decision));

    /// <summary>Carries it out; returns the names of what was put aside. Throws <see cref="IOException"/>.</summary>
    public async Task<IReadOnlyList<string>> CarryOutAsync()
    {
        var decision = JsonSerializer.Deserialize(files.ReadText(FileName), DivergenceJson.Default.Decision) ?? throw new InvalidDataException($"'{FileName}' of volume '{volumeId}' is empty.");
        var start = new CommittedPoint(decision.Tip.Sequence, decision.Tip.LogEnd, decision.Tip.Digest, decision.Tip.Epoch);
        var aside = decision.Keep == DivergenceChoice.Local ? await KeepLocalAsync(start) : await KeepServiceAsync(decision, start);
        files.Disk.Delete(VolumeHost.DivergedFileName);
        files.Disk.SyncDirectory();
        files.Disk.Delete(FileName);
        files.Disk.SyncDirectory();
        return aside;
    }

    private async Task<IReadOnlyList<string>> KeepLocalAsync(CommittedPoint start)
    {
        // What the old log holds is applied when it is closed.
        var before = files.Open();
        before.Volume.Dirty.Begin(DirtyReason.CameApart, baseSequence: 0, time.GetUtcNow(), whole: true);
        var size = before.Volume.SizeBytes;
        await before.CloseAsync();
        if (before.Volume.Log.AppliedEnd < before.Volume.Log.DurableEnd)
            throw new IOException($"The log of volume '{volumeId}' could not be applied to its store: {before.Volume.Failure?.Message}");
        Log.Create(files.Disk, files.LogOptions(), size, start, replaces: true);
        var after = files.Open();
        after.Volume.Log.BeginWithGap();
        await after.CloseAsync();
        return [];
    }

    private async Task<IReadOnlyList<string>> KeepServiceAsync(Decision decision, CommittedPoint start)
    {
        var disk = files.Disk;
        var (log, store) = ($"log.{decision.Id}.aside", $"store.{decision.Id}.aside");
        if (!disk.Exists(log) && disk.Exists(Log.FileName))
        {
            disk.Rename(Log.FileName, log);
            disk.SyncDirectory();
        }
        if (!disk.Exists(Log.FileName))
        {
            if (!disk.Exists(store) && disk.Exists(LoggedVolume.StoreFileName))
                disk.Rename(LoggedVolume.StoreFileName, store);
            disk.Delete(PresenceMap.FileName);
            disk.Delete(DirtyMap.FileName);
            disk.SyncDirectory();
            files.WriteText(VolumeFiles.SourceFileName, decision.SnapshotId);
        }
        await files.Open(start).CloseAsync();
        return [.. new[] { store, log }.Where(disk.Exists)];
    }
}

/// <summary>How a decision is written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(DivergenceEnd.Decision))]
internal sealed partial class DivergenceJson : JsonSerializerContext;
