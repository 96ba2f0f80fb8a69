using Tidegate.BlockStore;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>
/// The sectors of a simulated volume that are ever written: a few blocks, chosen to lie together, across the borders of map pages,
/// or far apart. The model holds these alone, by index.
/// </summary>
internal sealed class SparseSpace
{
    private static readonly uint[][] Shapes =
    [
        [0, 1, 2],
        [0, 1, 2, 3, 4, 5],
        [510, 511, 512, 513],
        [0, 1, 511, 512, 1023, 1024, 1025],
        [3, 262_143, 262_144, 262_655, 262_656],
        [0, 511, 512, 262_143, 262_144, 524_288],
    ];

    private SparseSpace(uint[] blocks, long firstSize, long lastSize) => (Blocks, FirstSizeBytes, LastSizeBytes) = (blocks, firstSize, lastSize);

    /// <summary>Blocks, rising.</summary>
    internal uint[] Blocks { get; }

    /// <summary>Size that volumes are made with; it may end inside a block and before the last ones.</summary>
    internal long FirstSizeBytes { get; }

    /// <summary>Size that they may grow to.</summary>
    internal long LastSizeBytes { get; }

    /// <summary>Sectors modelled.</summary>
    internal int Count => Blocks.Length * BlockGeometry.SectorsPerBlock;

    internal static SparseSpace Draw(Random random)
    {
        var blocks = Shapes[random.Next(Shapes.Length)];
        var last = (blocks[^1] + 1L) * BlockGeometry.BlockBytes;
        var firstBlock = blocks[random.Next(blocks.Length / 2, blocks.Length)];
        var first = random.Next(3) == 0 ? (firstBlock * (long)BlockGeometry.BlockBytes) + (random.Next(1, 17) * BlockGeometry.SectorBytes) : last;
        return new SparseSpace(blocks, first, last - (random.Next(2) * BlockGeometry.SectorBytes * (first == last ? 0 : 1)));
    }

    internal long SectorAt(int index) => (Blocks[index / BlockGeometry.SectorsPerBlock] * (long)BlockGeometry.SectorsPerBlock) + (index % BlockGeometry.SectorsPerBlock);

    /// <summary>First index whose sector is not before this one.</summary>
    internal int IndexFrom(long sector)
    {
        var block = sector / BlockGeometry.SectorsPerBlock;
        for (var i = 0; i < Blocks.Length; i++)
        {
            if (Blocks[i] == block) return (i * BlockGeometry.SectorsPerBlock) + (int)(sector % BlockGeometry.SectorsPerBlock);
            if (Blocks[i] > block) return i * BlockGeometry.SectorsPerBlock;
        }
        return Count;
    }

    internal int IndexOfBlock(uint block) => Array.BinarySearch(Blocks, block);
}
