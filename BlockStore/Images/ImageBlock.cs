namespace Tidegate.BlockStore.Images;

/// <summary>A block that holds something: which of its sectors are stored. The others read as zero.</summary>
public readonly record struct ImageBlock(uint Block, ushort Mask)
{
    /// <summary>Byte offset of the block in the volume.</summary>
    public long Offset => (long)Block * BlockGeometry.BlockBytes;
}
