using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.WriteLog;

/// <summary>What a log knows durably apart from its records (<c>docs/formats/write-log.md</c>, Superblock).</summary>
internal sealed record LogSuperblock
{
    internal const int Bytes = 512;
    internal const int SlotBytes = 4096;
    internal const int MaxDigestBytes = 64;
    internal const int MaxVolumeIdBytes = 256;
    private const uint Version = 1;

    private static ReadOnlySpan<byte> Magic => "TGWLOG01"u8;

    internal required string VolumeId { get; init; }
    internal required long CapacityBytes { get; init; }
    internal required long WindowBytes { get; init; }
    internal required long VolumeSizeBytes { get; init; }
    internal long Counter { get; init; }
    internal long Generation { get; init; }
    internal long SyncedSequence { get; init; }
    internal LogAnchor Applied { get; init; } = LogAnchor.Start;
    internal CommittedPoint Committed { get; init; } = new(0, 0, [], 0);

    /// <summary>What the store was at the clean stop before; null while the volume is served, and after any other end.</summary>
    internal StoreStamp? StoreAtStop { get; init; }

    /// <summary>Where the log goes on after somebody else's change of the store that the service has not heard of; 0 for none.</summary>
    internal long ResumesAt { get; init; }

    /// <summary>Since when writes go past the log, to the store alone; null while they are logged.</summary>
    internal DateTimeOffset? PassedSince { get; init; }

    internal int Slot => (int)(Counter & 1);

    internal ulong VolumeTag => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(VolumeId)));

    internal void Encode(Span<byte> target)
    {
        target = target[..Bytes];
        target.Clear();
        Magic.CopyTo(target);
        BinaryPrimitives.WriteUInt32LittleEndian(target[12..], Version);
        WriteInt64(target, 16, Counter);
        WriteInt64(target, 24, Generation);
        BinaryPrimitives.WriteUInt64LittleEndian(target[32..], VolumeTag);
        WriteInt64(target, 40, CapacityBytes);
        WriteInt64(target, 48, WindowBytes);
        WriteInt64(target, 56, VolumeSizeBytes);
        WriteInt64(target, 64, SyncedSequence);
        WriteInt64(target, 72, Applied.Position);
        WriteInt64(target, 80, Applied.Sequence);
        WriteInt64(target, 88, Applied.LastNote);
        BinaryPrimitives.WriteUInt32LittleEndian(target[96..], Applied.PreviousCrc);
        BinaryPrimitives.WriteInt32LittleEndian(target[100..], Committed.Digest.Length);
        WriteInt64(target, 104, Committed.Sequence);
        WriteInt64(target, 112, Committed.LogEnd);
        WriteInt64(target, 120, Committed.Epoch);
        Committed.Digest.CopyTo(target.Slice(128, MaxDigestBytes));
        var idBytes = Encoding.UTF8.GetBytes(VolumeId, target.Slice(194, MaxVolumeIdBytes));
        BinaryPrimitives.WriteUInt16LittleEndian(target[192..], (ushort)idBytes);
        WriteInt64(target, 456, StoreAtStop?.SizeBytes ?? 0);
        WriteInt64(target, 464, StoreAtStop?.ModifiedAt.UtcTicks ?? 0);
        WriteInt64(target, 472, ResumesAt);
        WriteInt64(target, 480, PassedSince?.UtcTicks ?? 0);
        BinaryPrimitives.WriteUInt32LittleEndian(target[8..], Crc32C.Compute(target[12..]));
    }

    /// <summary>Throws <see cref="NewerLogException"/> when a whole copy is of a newer format: the other copy may be older, and going on from it would undo what the newer agent did.</summary>
    internal static void RefuseNewer(ReadOnlySpan<byte> source)
    {
        source = source[..Bytes];
        if (source[..8].SequenceEqual(Magic)
            && BinaryPrimitives.ReadUInt32LittleEndian(source[8..]) == Crc32C.Compute(source[12..])
            && BinaryPrimitives.ReadUInt32LittleEndian(source[12..]) is var version and > Version)
            throw new NewerLogException(version, Version);
    }

    /// <summary>Null when the copy is torn, unwritten or of another version.</summary>
    internal static LogSuperblock? Decode(ReadOnlySpan<byte> source)
    {
        source = source[..Bytes];
        if (!source[..8].SequenceEqual(Magic)
            || BinaryPrimitives.ReadUInt32LittleEndian(source[8..]) != Crc32C.Compute(source[12..])
            || BinaryPrimitives.ReadUInt32LittleEndian(source[12..]) != Version)
            return null;
        var digestBytes = BinaryPrimitives.ReadInt32LittleEndian(source[100..]);
        var idBytes = BinaryPrimitives.ReadUInt16LittleEndian(source[192..]);
        var (storeBytes, storeTicks, passedTicks) = (ReadInt64(source, 456), ReadInt64(source, 464), ReadInt64(source, 480));
        if (digestBytes is < 0 or > MaxDigestBytes || idBytes > MaxVolumeIdBytes || !IsTime(storeTicks) || !IsTime(passedTicks))
            return null;
        var superblock = new LogSuperblock
        {
            VolumeId = Encoding.UTF8.GetString(source.Slice(194, idBytes)),
            Counter = ReadInt64(source, 16),
            Generation = ReadInt64(source, 24),
            CapacityBytes = ReadInt64(source, 40),
            WindowBytes = ReadInt64(source, 48),
            VolumeSizeBytes = ReadInt64(source, 56),
            SyncedSequence = ReadInt64(source, 64),
            Applied = new LogAnchor(
                ReadInt64(source, 72), ReadInt64(source, 80),
                BinaryPrimitives.ReadUInt32LittleEndian(source[96..]), ReadInt64(source, 88), 0),
            Committed = new CommittedPoint(
                ReadInt64(source, 104), ReadInt64(source, 112), source.Slice(128, digestBytes).ToArray(), ReadInt64(source, 120)),
            StoreAtStop = storeBytes > 0 ? new StoreStamp(storeBytes, new DateTimeOffset(storeTicks, TimeSpan.Zero)) : null,
            ResumesAt = ReadInt64(source, 472),
            PassedSince = passedTicks > 0 ? new DateTimeOffset(passedTicks, TimeSpan.Zero) : null,
        };
        return superblock.IsPossible ? superblock : null;
    }

    /// <summary>
    /// A right checksum over numbers that no log ever had is no superblock: positions would overflow, or lie nowhere.
    /// </summary>
    private bool IsPossible =>
        CapacityBytes is > 0 and <= LogRecordHeader.MaxPosition && CapacityBytes % SlotBytes == 0
        && WindowBytes is >= 0 and <= LogRecordHeader.MaxPosition && VolumeSizeBytes >= 0
        && Counter is >= 0 and < long.MaxValue && Generation is >= 0 and < long.MaxValue && SyncedSequence >= -1
        && Applied.Position is >= 0 and <= LogRecordHeader.MaxPosition && Applied.Sequence >= 0
        && Applied.LastNote >= -1 && Applied.LastNote < Applied.Position
        && ResumesAt is >= 0 and <= LogRecordHeader.MaxPosition && Committed.LogEnd >= 0 && Committed.Sequence >= 0 && Committed.Epoch >= 0;

    private static bool IsTime(long ticks) => ticks >= 0 && ticks <= DateTimeOffset.MaxValue.UtcTicks;

    private static void WriteInt64(Span<byte> target, int at, long value) => BinaryPrimitives.WriteInt64LittleEndian(target[at..], value);

    private static long ReadInt64(ReadOnlySpan<byte> source, int at) => BinaryPrimitives.ReadInt64LittleEndian(source[at..]);
}
