using Tidegate.BlockStore;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>Rounding of byte ranges to sectors (<c>docs/formats/overview.md</c>, Units).</summary>
internal static class SectorSpan
{
    internal const int Bytes = BlockGeometry.SectorBytes;

    internal static long Down(long position) => position & -Bytes;

    internal static long Up(long position) => (position + Bytes - 1) & -Bytes;

    internal static bool IsAligned(long offset, long length) => ((offset | length) & (Bytes - 1)) == 0;

    /// <summary>The whole sectors inside a range; length 0 when there are none.</summary>
    internal static (long Offset, long Length) Inside(long offset, long length)
    {
        var first = Up(offset);
        return (first, Math.Max(0, Down(offset + length) - first));
    }
}
