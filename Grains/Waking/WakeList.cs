using System.Text;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Grains.Waking;

/// <summary>
/// Packs the set of watched grains into bytes: for each, the grain type's number (one byte), the key's form and length
/// (one byte), and the key. Hexadecimal tails are stored as bytes, so that a gateway takes 12 bytes and a shard holds
/// about 4,000 of them in <see cref="MaxBytes"/>.
/// </summary>
internal static class WakeList
{
    /// <summary>Largest packed list; a shard that is full refuses to watch more.</summary>
    public const int MaxBytes = 48 * 1024;

    // The position is the number in the format: append only.
    private static readonly (string Type, string Prefix)[] Types =
    [
        ("gateway", "gw-"), ("volume", "vol-"), ("snapshot", "snap-"), ("activation", ""), ("account", ""), ("api-key", "key-"),
        ("snapshot-offer", "off-"), ("snapshot-group", "grp-"), ("user", "usr-"),
    ];

    /// <summary>Packs; throws <c>LimitExceeded</c> when the list is too long.</summary>
    public static byte[] Pack(IEnumerable<GrainId> grains)
    {
        using var packed = new MemoryStream();
        foreach (var grain in grains)
        {
            var number = Array.FindIndex(Types, type => type.Type == grain.Type.ToString());
            if (number < 0) throw new InvalidOperationException($"Grains of type {grain.Type} are not watched: give the type a number first.");
            var key = grain.Key.ToString()!;
            var tail = key.StartsWith(Types[number].Prefix, StringComparison.Ordinal) ? key[Types[number].Prefix.Length..] : "";
            var isHex = tail.Length is > 0 and <= 120 && tail.Length % 2 == 0 && tail.AsSpan().IndexOfAnyExcept("0123456789abcdef") < 0;
            var bytes = isHex ? Convert.FromHexString(tail) : Encoding.UTF8.GetBytes(key);
            if (bytes.Length > 127) throw new InvalidOperationException($"Key {key} is too long to be watched.");
            packed.WriteByte((byte)number);
            packed.WriteByte((byte)(bytes.Length | (isHex ? 0x80 : 0)));
            packed.Write(bytes);
        }

        return packed.Length <= MaxBytes
            ? packed.ToArray()
            : throw new TidegateException(ErrorCodes.LimitExceeded, "A wake shard watches as many resources as it can.", "Settle or remove resources of this service first.");
    }

    /// <summary>Unpacks what <see cref="Pack"/> wrote.</summary>
    public static IReadOnlyList<GrainId> Unpack(ReadOnlySpan<byte> packed)
    {
        var grains = new List<GrainId>();
        while (packed.Length > 0)
        {
            var (type, prefix) = Types[packed[0]];
            var length = packed[1] & 0x7f;
            var body = packed.Slice(2, length);
            var key = (packed[1] & 0x80) != 0 ? prefix + Convert.ToHexStringLower(body) : Encoding.UTF8.GetString(body);
            grains.Add(GrainId.Create(type, key));
            packed = packed[(2 + length)..];
        }

        return grains;
    }
}
