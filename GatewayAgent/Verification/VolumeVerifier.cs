using Tidegate.BlockStore;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Verification;

/// <summary>
/// Checks what a stopped agent keeps of one volume, as far as that goes without the service: log, presence map, store, and the store against
/// the log. Changes nothing. The caller holds the state directory's lock.
/// </summary>
internal sealed class VolumeVerifier(IDisk disk, string volumeId, VolumeAttachment? attachment, IVerifyProgress progress)
{
    private const int PieceBytes = 1 << 20;
    private const int MaxMismatches = 20;
    private const string RestoreAgain = "Keep this directory as it is, and restore the volume's newest snapshot or recovery point as a new volume.";

    private readonly List<VerifyFinding> _findings = [];
    private readonly byte[] _piece = new byte[PieceBytes];
    private readonly byte[] _expected = new byte[SectorSpan.Bytes];
    private readonly long[] _entries = new long[PieceBytes / SectorSpan.Bytes];
    private long _storeBytes;
    private long _comparedBytes;
    private long _mismatches;

    /// <summary>Everything, one after the other; what cannot be read ends its own part alone.</summary>
    public VolumeVerification Run()
    {
        if (disk.Exists(VolumeHost.DivergedFileName))
            Note("The volume has diverged: what it holds was never mixed with the service's history.", "Decide which of the two to keep; the agent shows both ways.");
        if (!LoggedVolume.Exists(disk))
        {
            if (disk.Exists(LoggedVolume.StoreFileName))
                Note("There is a store but no write log: the volume was never served from here.", "Nothing, if it is just being made.");
            return Result(null, null);
        }
        using var log = Checked("write log", () => LogVerifier.Open(disk.Open(Log), volumeId, progress.LogRead));
        if (log is not null) Checked("write log", () => { log.Check(); return log; });
        var isWhole = _findings.Count == 0 || _findings.TrueForAll(static f => !f.IsDamage);
        using var map = attachment is { SourceSnapshotId.Length: > 0 }
            ? Checked("presence map", () => PresenceMap.Open(disk, volumeId, attachment.SourceSnapshotId, attachment.SizeBytes, wasServed: true))
            : null;
        using var tracked = Checked("dirty map", () => TrackedBlocks.Open(disk, volumeId));
        if (tracked is { IsDamaged: true })
            Note("The dirty map's header is damaged: every block counts as dirty.", "Nothing: the agent copies all of the store to the service when it starts.");
        Checked("local store", () =>
        {
            CheckStore(isWhole && tracked is not null ? log : null, map, tracked!);
            return this;
        });
        return Result(log, map);
    }

    private const string Log = WriteLog.WriteLog.FileName;

    private void CheckStore(LogVerifier? log, PresenceMap? map, TrackedBlocks tracked)
    {
        if (!disk.Exists(LoggedVolume.StoreFileName))
        {
            Damage($"'{LoggedVolume.StoreFileName}' is missing although the volume was served.", RestoreAgain);
            return;
        }
        using var store = disk.Open(LoggedVolume.StoreFileName);
        if (log is not null && store.SizeBytes < log.Superblock.VolumeSizeBytes)
            Damage($"'{LoggedVolume.StoreFileName}' is {store.SizeBytes} bytes long instead of {log.Superblock.VolumeSizeBytes}.", RestoreAgain);
        if (log?.Superblock.StoreAtStop is { } stamp && (stamp.SizeBytes != store.SizeBytes || stamp.ModifiedAt != store.ModifiedAt))
        {
            Note($"Somebody has written to '{LoggedVolume.StoreFileName}' since the agent stopped (last at {store.ModifiedAt:u}). It was not compared with the log.",
                "Nothing: the agent copies all of it to the service when it starts.");
            log = null;
        }
        for (var position = 0L; position < store.SizeBytes;)
        {
            var (length, isHole) = store.NextExtent(position);
            if (length <= 0) break;
            CheckExtent(store, position, Math.Min(length, store.SizeBytes - position), isHole, log, map, tracked);
            position += length;
        }
        if (_mismatches > MaxMismatches) Damage($"{_mismatches - MaxMismatches} more sectors of the store differ from the log.", RestoreAgain);
    }

    private void CheckExtent(IDiskFile store, long first, long length, bool isHole, LogVerifier? log, PresenceMap? map, TrackedBlocks tracked)
    {
        for (var done = 0L; done < length; done += PieceBytes)
        {
            var (position, bytes) = (first + done, (int)Math.Min(PieceBytes, length - done));
            var piece = _piece.AsSpan(0, bytes);
            if (isHole) piece.Clear();
            else
            {
                store.Read(position, piece);
                _storeBytes += bytes;
                progress.StoreRead(_storeBytes);
            }
            if (log is not null) Compare(position, piece, log, map, tracked);
        }
    }

    /// <summary>What was applied before the watermark is in the store, unless something newer that is not applied yet may be.</summary>
    private void Compare(long position, ReadOnlySpan<byte> piece, LogVerifier log, PresenceMap? map, TrackedBlocks tracked)
    {
        var entries = _entries.AsSpan(0, piece.Length / SectorSpan.Bytes);
        log.Newest.Resolve(position / SectorSpan.Bytes, entries);
        for (var i = 0; i < entries.Length; i++)
        {
            if (entries[i] == Overlay.None) continue;
            var place = Overlay.PositionOf(entries[i]);
            // Before the place where the log resumes the store went its own way.
            if (place >= log.Superblock.Applied.Position || place < log.Superblock.ResumesAt) continue;
            var at = position + (long)i * SectorSpan.Bytes;
            if (tracked.IsDirty(at)) continue;
            if (Overlay.IsZero(entries[i])) _expected.AsSpan().Clear();
            else log.ReadData(place, _expected);
            _comparedBytes += SectorSpan.Bytes;
            if (!piece.Slice(i * SectorSpan.Bytes, SectorSpan.Bytes).SequenceEqual(_expected))
                Mismatch($"The store differs at byte {at} from what the log last wrote there (log position {place}).");
            else if (map is not null && (map.Mask(at / BlockGeometry.BlockBytes) >> (int)(at % BlockGeometry.BlockBytes / SectorSpan.Bytes) & 1) == 0)
                Mismatch($"The presence map says that byte {at} was not restored yet, but the log wrote it (log position {place}): it would be overwritten.");
        }
    }

    private void Mismatch(string what)
    {
        if (_mismatches++ < MaxMismatches) Damage(what, RestoreAgain);
    }

    private T? Checked<T>(string what, Func<T> check)
        where T : class
    {
        try
        {
            return check();
        }
        catch (LogCorruptException damage)
        {
            Damage(damage.Message, RestoreAgain);
        }
        catch (NewerLogException newer)
        {
            Damage(newer.Message, "Verify with the newer agent.");
        }
        catch (InvalidDataException damage)
        {
            Damage(damage.Message, RestoreAgain);
        }
        catch (DiskFaultException fault)
        {
            Damage($"The {what} cannot be read: {fault.Message}", "Look at the disk (its kernel log and its own health report). " + RestoreAgain);
        }
        return null;
    }

    private void Damage(string what, string nextStep) => _findings.Add(new VerifyFinding(true, what, nextStep));

    private void Note(string what, string nextStep) => _findings.Add(new VerifyFinding(false, what, nextStep));

    private VolumeVerification Result(LogVerifier? log, PresenceMap? map) => new(
        volumeId, attachment?.Name ?? "", log?.Records ?? 0, log?.LogBytes ?? 0,
        log is null ? 0 : Math.Max(0, log.End - log.Superblock.Committed.LogEnd), _storeBytes, _comparedBytes,
        map is { IsComplete: false } ? map.PresentBytes : null, _findings);
}
