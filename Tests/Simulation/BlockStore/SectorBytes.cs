using System.Runtime.InteropServices;
using Tidegate.BlockStore;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>
/// What a sector holds when a write's number was written to it: bytes that name both, so that a sector of another write or another
/// place is never taken for it. Zero is zero bytes. Some writes do not compress.
/// </summary>
internal static class SectorBytes
{
    internal static void Fill(int write, long sector, Span<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        var seed = Seed(write, sector);
        if (!IsNoise(write))
        {
            words.Fill(seed);
            return;
        }
        foreach (ref var word in words) word = seed = Next(seed);
    }

    /// <summary>True when the bytes are exactly what <see cref="Fill"/> makes, or zero for write 0.</summary>
    internal static bool Holds(int write, long sector, ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        if (write == 0) return !words.ContainsAnyExcept(0UL);
        var seed = Seed(write, sector);
        if (!IsNoise(write)) return !words.ContainsAnyExcept(seed);
        foreach (var word in words)
            if (word != (seed = Next(seed))) return false;
        return true;
    }

    /// <summary>The number that bytes seem to carry, for messages.</summary>
    internal static string Describe(ReadOnlySpan<byte> bytes)
    {
        var word = MemoryMarshal.Cast<byte, ulong>(bytes[..8])[0];
        return word == 0 ? "0" : $"{word >> 32} (sector {(uint)word}, when it is not noise)";
    }

    private static bool IsNoise(int write) => write % 16 == 0;

    private static ulong Seed(int write, long sector) => ((ulong)(uint)write << 32) | (uint)sector;

    private static ulong Next(ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
        return state ^ (state >> 27);
    }

    internal const int Length = BlockGeometry.SectorBytes;
}
