namespace Tidegate.BlockStore.Export;

/// <summary>An image as a stream of all its bytes.</summary>
internal sealed class StreamSink(Stream stream) : IImageSink
{
    private static readonly byte[] Zeroes = new byte[1 << 20];

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => stream.WriteAsync(bytes, cancellationToken);

    public async ValueTask SkipAsync(long length, CancellationToken cancellationToken)
    {
        for (; length > 0; length -= Zeroes.Length)
            await stream.WriteAsync(Zeroes.AsMemory(0, (int)Math.Min(length, Zeroes.Length)), cancellationToken);
    }
}
