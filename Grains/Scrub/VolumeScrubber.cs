using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Verification;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Security;
using Tidegate.Grains.Volumes;
using Tidegate.Grains.Volumes.Work;

namespace Tidegate.Grains.Scrub;

/// <summary>
/// Scrubs one volume: checks all that it has stored, at a rate, and tells its grain. The grain keeps the position, so that any silo goes on
/// where another stopped, and sees to it that one silo at a time is at it.
/// </summary>
public sealed partial class VolumeScrubber
{
    private static readonly TimeSpan KeepEvery = TimeSpan.FromSeconds(30);

    private readonly IGrainFactory _grains;
    private readonly VolumeServices _host;
    private readonly TimeProvider _time;
    private readonly ILogger _log;

    internal VolumeScrubber(IGrainFactory grains, VolumeServices host, TimeProvider time, ILoggerFactory loggers) =>
        (_grains, _host, _time, _log) = (grains, host, time, loggers.CreateLogger("Tidegate.Grains.VolumeScrubber"));

    /// <summary>Scrubs when it is due; true when it did.</summary>
    public async Task<bool> ScrubAsync(string volumeId, TimeSpan period, long bytesPerSecond, CancellationToken cancellationToken)
    {
        ServiceCaller.Act();
        var volume = _grains.GetGrain<IScrubbedVolume>(volumeId);
        if (await volume.BeginScrub(period) is not { } start) return false;
        var begin = await BaseAsync(volumeId);
        var scrub = new VolumeScrub(_host.Blobs, begin.Keys.Ring, bytesPerSecond, _time);
        var kept = _time.GetTimestamp();
        var end = await scrub.RunAsync(begin.Head, begin.Origins, start.Position, async at =>
        {
            if (_time.GetElapsedTime(kept) < KeepEvery) return;
            await volume.KeepScrub(at.Position, Bounded(start.Suspects.Union(at.Suspects)));
            kept = _time.GetTimestamp();
        }, cancellationToken);
        // The head has moved on; what it no longer reaches may be gone for good reasons.
        var now = await BaseAsync(volumeId);
        var (damages, blocks) = await scrub.ConfirmAsync(now.Head, now.Origins, [.. start.Suspects.Union(end.Suspects)], cancellationToken);
        _host.Meters.Scrubbed(end.Bytes, damages.Count);
        foreach (var damage in damages) LogDamage(_log, volumeId, damage.Kind, damage.BlobKey, damage.Problem);
        await volume.EndScrub(damages.Count, [.. damages.Take(ScrubState.MaxKept).Select(ToContract)]);
        await RepairAsync(volume, volumeId, blocks);
        return true;
    }

    // What cannot be repaired now is found again by the next scrub.
    private async Task RepairAsync(IScrubbedVolume volume, string volumeId, IReadOnlyList<long> blocks)
    {
        try
        {
            foreach (var some in blocks.Chunk(RefreshRequest.MaxBlocks)) await volume.Repair(some);
        }
        catch (TidegateException refused)
        {
            LogNotRepaired(_log, volumeId, blocks.Count, refused.Message);
        }
    }

    private async Task<(VolumeHead Head, IReadOnlyList<RelocationRoot> Origins, VolumeKeys Keys)> BaseAsync(string volumeId)
    {
        var known = await _grains.GetGrain<IVolumeWorkGrain>(volumeId).GetWorkBase();
        return (VolumeHead.Decode(known.Head), RelocationRoot.Decode(known.OriginRelocations), await VolumeKeys.UnwrapAsync(_host.Keys, known.Keys));
    }

    private static string[] Bounded(IEnumerable<string> suspects) => [.. suspects.Take(ScrubState.MaxKept)];

    private static VolumeDamage ToContract(StoreDamage damage) =>
        new(damage.Kind.ToString(), damage.BlobKey, damage.Block, damage.Image ?? "", damage.Problem);

    [LoggerMessage(162, LogLevel.Warning, "Of volume {Volume} {Count} damaged blocks could not be written anew by its gateway: {Reason}")]
    private static partial void LogNotRepaired(ILogger log, string volume, int count, string reason);

    [LoggerMessage(161, LogLevel.Error, "Volume {Volume} has stored data that is damaged: {Kind} in {Blob}: {Problem}")]
    private static partial void LogDamage(ILogger log, string volume, DamageKind kind, string blob, string problem);
}
