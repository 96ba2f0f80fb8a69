using System.Buffers.Binary;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Volumes;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Support;

/// <summary>What the headers of a volume's files say, read without a lock: a running agent may be writing them.</summary>
internal static class DiskFormats
{
    /// <summary>By volume directory: the log's superblock copies and the headers of its maps.</summary>
    public static IReadOnlyDictionary<string, object> Describe(string stateDirectory)
    {
        var volumes = Path.Combine(stateDirectory, Options.AgentOptions.VolumesFolder);
        return Directory.Exists(volumes)
            ? Directory.EnumerateDirectories(volumes).Order(StringComparer.Ordinal).ToDictionary(
                static directory => Path.GetFileName(directory), static directory => (object)new { log = Log(directory), presence = Presence(directory), dirty = Dirty(directory) })
            : new Dictionary<string, object>();
    }

    private static object? Log(string directory)
    {
        var header = UnlockedFile.ReadStart(Path.Combine(directory, WriteLog.WriteLog.FileName), LogFile.DataStart);
        return header is null ? null : new { copy0 = Superblock(header), copy1 = Superblock(header.AsSpan(LogSuperblock.SlotBytes)) };
    }

    private static object Superblock(ReadOnlySpan<byte> slot)
    {
        var version = BinaryPrimitives.ReadUInt32LittleEndian(slot[12..]);
        return LogSuperblock.Decode(slot) is { } superblock
            ? new
            {
                version,
                superblock.VolumeId,
                superblock.Counter,
                superblock.Generation,
                superblock.CapacityBytes,
                superblock.WindowBytes,
                superblock.VolumeSizeBytes,
                superblock.SyncedSequence,
                applied = superblock.Applied.Position,
                appliedSequence = superblock.Applied.Sequence,
                committedSequence = superblock.Committed.Sequence,
                committedLogEnd = superblock.Committed.LogEnd,
                epoch = superblock.Committed.Epoch,
                superblock.StoreAtStop,
                superblock.ResumesAt,
            }
            : new { version, unreadable = true };
    }

    private static object? Presence(string directory)
    {
        var header = UnlockedFile.ReadStart(Path.Combine(directory, PresenceMap.FileName), 96);
        return header is null ? null : new
        {
            version = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(8)),
            isComplete = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(10)) == 1,
            sizeBytes = BinaryPrimitives.ReadInt64LittleEndian(header.AsSpan(16)),
        };
    }

    private static object? Dirty(string directory)
    {
        var header = UnlockedFile.ReadStart(Path.Combine(directory, DirtyMap.FileName), DirtyMapFormat.SectorBytes);
        if (header is null) return null;
        var version = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(8));
        return DirtyMapFormat.DecodeHeader(Path.GetFileName(directory), header) is { } known
            ? new { version, reason = known.Reason.ToString(), known.IsWhole, known.Round, known.BaseSequence }
            : new { version, unreadable = true };
    }
}
