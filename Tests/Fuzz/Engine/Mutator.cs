using System.Buffers.Binary;

namespace Tidegate.Tests.Fuzz.Engine;

/// <summary>
/// Makes inputs from inputs: flips, cuts, repeats, splices, and above all numbers that lie about lengths, in every width and order of bytes.
/// Everything comes from the random source that it is given.
/// </summary>
internal sealed class Mutator(Random random, FuzzTarget target)
{
    private static readonly long[] Awkward =
        [0, 1, 2, -1, sbyte.MaxValue, 0x80, byte.MaxValue, short.MaxValue, 0x8000, ushort.MaxValue, 0x10000, int.MaxValue, 0x8000_0000, uint.MaxValue, long.MaxValue, long.MinValue];

    /// <summary>A mutation of one of the pool, one to eight steps away.</summary>
    public byte[] Next(IReadOnlyList<byte[]> pool)
    {
        var input = pool[random.Next(pool.Count)].ToList();
        for (var step = 1 << random.Next(4); step > 0; step--) Step(input, pool);
        if (input.Count > target.MaxBytes) input.RemoveRange(target.MaxBytes, input.Count - target.MaxBytes);
        var bytes = input.ToArray();
        // Now and then as it is, so that the checks in front are met as well.
        if (random.Next(8) > 0) target.Repair?.Invoke(bytes);
        return bytes;
    }

    private void Step(List<byte> input, IReadOnlyList<byte[]> pool)
    {
        if (input.Count == 0)
        {
            input.AddRange(pool[random.Next(pool.Count)]);
            return;
        }

        var at = random.Next(input.Count);
        switch (random.Next(9))
        {
            case 0:
                input[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                input[at] = (byte)random.Next(256);
                break;
            case 2:
                input[at] = (byte)(input[at] + random.Next(-3, 4));
                break;
            case 3:
                input.RemoveRange(at, random.Next(input.Count - at) / (1 + random.Next(16)));
                break;
            case 4:
                input.InsertRange(at, input.GetRange(at, Math.Min(random.Next(64), input.Count - at)));
                break;
            case 5:
                var other = pool[random.Next(pool.Count)];
                if (other.Length > 0) input.InsertRange(at, other.AsSpan(random.Next(other.Length)).ToArray().Take(random.Next(256)));
                break;
            case 6 when target.Words.Count > 0:
                Overwrite(input, at, target.Words[random.Next(target.Words.Count)]);
                break;
            default:
                Overwrite(input, at, Number(input.Count, at));
                break;
        }
    }

    /// <summary>A length that is about right, or about as wrong as can be.</summary>
    private byte[] Number(int length, int at)
    {
        var value = random.Next(4) switch
        {
            0 => length - at + random.Next(-4, 5),
            1 => random.Next(64),
            2 => Awkward[random.Next(Awkward.Length)] + random.Next(-1, 2),
            _ => Awkward[random.Next(Awkward.Length)],
        };
        var bytes = new byte[8];
        var width = 1 << random.Next(4);
        if (random.Next(4) > 0) BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        else BinaryPrimitives.WriteInt64BigEndian(bytes, value << (8 * (8 - width)));
        return bytes[..width];
    }

    private static void Overwrite(List<byte> input, int at, byte[] bytes)
    {
        for (var index = 0; index < bytes.Length && at + index < input.Count; index++) input[at + index] = bytes[index];
    }
}
