namespace Tidegate.BlockStore.Segments;

/// <summary>How a frame's plain bytes were made smaller before encryption.</summary>
public enum FrameCodec
{
    /// <summary>Not at all: compression gained nothing.</summary>
    Raw = 0,
    /// <summary>LZ4 block format, when draining.</summary>
    Lz4 = 1,
    /// <summary>zstd, when merging.</summary>
    Zstd = 2,
}
