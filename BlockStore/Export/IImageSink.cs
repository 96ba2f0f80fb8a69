namespace Tidegate.BlockStore.Export;

/// <summary>Takes an image in order, without gaps.</summary>
internal interface IImageSink
{
    /// <summary>The next bytes.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>The next bytes are this many zeroes.</summary>
    ValueTask SkipAsync(long length, CancellationToken cancellationToken);
}
