namespace Tidegate.BlockStore.Segments;

/// <summary>One frame as its segment's index describes it.</summary>
/// <param name="Block">Number of the 64 KiB block; in other kinds, the number of the page.</param>
/// <param name="Mask">Sectors of the block that the frame holds, lowest sector in bit 0; in other kinds, the page's level.</param>
/// <param name="Codec">How it was compressed.</param>
/// <param name="Offset">Where its ciphertext begins in the blob.</param>
/// <param name="StoredBytes">Size of its ciphertext: what the accounting counts.</param>
/// <param name="PlainBytes">Size of what it decodes to.</param>
/// <param name="Tag">Its authentication tag.</param>
public readonly record struct SegmentEntry(
    uint Block, ushort Mask, FrameCodec Codec, int Offset, int StoredBytes, int PlainBytes, FrameTag Tag);
