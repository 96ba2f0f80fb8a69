using System.Buffers.Binary;
using Tidegate.BlockStore.Formats;
using Tidegate.Tests.Fuzz.Engine;

namespace Tidegate.Tests.Fuzz.Targets;

/// <summary>
/// Decoders with a planted fault each, behind checks that random bytes do not pass: one believes a length, one sets memory aside for a
/// count. A fuzzer that does not find them finds nothing elsewhere either.
/// </summary>
internal static class Canary
{
    private static byte[] Seed => [.. "CANARY01"u8, 1, 0, 2, 0, 3, 0, 0xAA, 0xBB, 0xCC];

    /// <summary>Trusts the length of its text.</summary>
    public static FuzzTarget TrustsLength() => Of(static (body, version) =>
    {
        var length = BinaryPrimitives.ReadUInt16LittleEndian(body);
        if (version == 2) _ = body.Slice(2, length).ToArray();
    });

    /// <summary>Sets memory aside for a count.</summary>
    public static FuzzTarget TrustsCount() => Of(static (body, version) =>
    {
        if (version == 2) _ = new long[BinaryPrimitives.ReadUInt16LittleEndian(body)];
    });

    private delegate void Fault(ReadOnlySpan<byte> body, int version);

    private static FuzzTarget Of(Fault fault) => new(
        "canary", [Seed],
        bytes =>
        {
            var reader = new FormatReader(bytes, "Canary");
            reader.Expect("CANARY01"u8, "magic");
            var version = reader.U16("version");
            if (version is < 1 or > 2) throw reader.Corrupt($"version {version} is unknown");
            if (reader.U16("kind") != 2) throw reader.Corrupt("kind is not 2");
            fault(reader.Bytes(Math.Max(2, reader.Remaining), "body"), version);
        },
        typeof(CorruptDataException))
    {
        FixedBytes = 16 << 10,
    };
}
