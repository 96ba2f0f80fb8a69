namespace Tidegate.BlockStore.Segments;

/// <summary>A frame's authentication tag; stands for the frame's content in page hashes.</summary>
public readonly record struct FrameTag(UInt128 Value)
{
    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => new BlobNonce(Value).ToString();
}
