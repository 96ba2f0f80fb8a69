using Tidegate.GatewayAgent.WriteLog;
using Xunit;

namespace Tidegate.Tests.Unit.WriteLog;

/// <summary>Golden vectors, made by hand from <c>docs/formats/write-log.md</c> alone: a change of these bytes is a change of the format.</summary>
public sealed class LogFormatTests
{
    private const string HeaderHex =
        "544752315935bfb80403020101000000181716151413121103000000000000002a000000000000002800000000000000" +
        "000001000000000000700000000000000010000000000000888ca97c9b010000ffffffffffffffff00100000a4a3a2a1";

    private const string SuperblockHex =
        "5447574c4f47303165a763980100000009000000000000000300000000000000d58906b5d2a333300000004000000000" +
        "0000000800000000000000000001000029000000000000000000020000000000210000000000000000f0010000000000" +
        "0d0c0b0a0400000005000000000000000080010000000000070000000000000001020304000000000000000000000000" +
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" +
        "0e00766f6c2d30313233343536373839";

    private static LogRecordHeader Header => new()
    {
        PreviousCrc = 0x01020304,
        Kind = LogRecordKind.Write,
        VolumeTag = 0x1112131415161718,
        Generation = 3,
        Sequence = 42,
        Synced = 40,
        Position = 0x10000,
        Offset = 0x7000,
        Length = 4096,
        HostTimeMilliseconds = 1767323045000,
        PreviousNote = -1,
        PayloadBytes = 4096,
        PayloadCrc = 0xA1A2A3A4,
    };

    private static LogSuperblock Superblock => new()
    {
        VolumeId = "vol-0123456789",
        CapacityBytes = 1 << 30,
        WindowBytes = 128 << 20,
        VolumeSizeBytes = 1L << 40,
        Counter = 9,
        Generation = 3,
        SyncedSequence = 41,
        Applied = new LogAnchor(0x20000, 33, 0x0A0B0C0D, 0x1F000, 0),
        Committed = new CommittedPoint(5, 0x18000, [1, 2, 3, 4], 7),
    };

    [Fact]
    public void A_record_header_has_the_documented_bytes()
    {
        var bytes = new byte[LogRecordHeader.Bytes];
        Header.Encode(bytes);
        Assert.Equal(HeaderHex, Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void A_superblock_has_the_documented_bytes()
    {
        var bytes = new byte[LogSuperblock.Bytes];
        Superblock.Encode(bytes);
        Assert.Equal(SuperblockHex, Convert.ToHexStringLower(bytes.AsSpan(0, 208)));
        Assert.All(bytes[208..], value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_superblock_reads_back_and_any_flipped_bit_is_found()
    {
        var bytes = new byte[LogSuperblock.Bytes];
        Superblock.Encode(bytes);
        var read = LogSuperblock.Decode(bytes)!;
        Assert.Equal(Superblock.Committed.Digest, read.Committed.Digest);
        Assert.Equal(Superblock with { Committed = read.Committed }, read);
        Assert.Equal((5L, 0x18000L, 7L), (read.Committed.Sequence, read.Committed.LogEnd, read.Committed.Epoch));
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 0x10;
            Assert.Null(LogSuperblock.Decode(bytes));
            bytes[at] ^= 0x10;
        }
    }

    [Fact]
    public void Any_flipped_bit_of_a_header_is_found()
    {
        var bytes = new byte[LogRecordHeader.Bytes];
        Header.Encode(bytes);
        Assert.True(LogRecordHeader.TryDecode(bytes, out var read));
        Assert.Equal((42L, 0x10000L, 4096), (read.Sequence, read.Position, read.PayloadBytes));
        for (var bit = 0; bit < 8 * bytes.Length; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.False(LogRecordHeader.TryDecode(bytes, out _));
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }
}
