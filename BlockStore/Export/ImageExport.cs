using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Tidegate.BlockStore.Images;

namespace Tidegate.BlockStore.Export;

/// <summary>
/// Writes an image out as raw bytes (M2.9, I13), in order, reading ahead. Anything that does not authenticate ends it with an error and
/// leaves no file behind (I6). Memory is bounded by the read-ahead: 32 MiB.
/// </summary>
public sealed class ImageExport(ImageReader image)
{
    private const int MaxRunBlocks = 64;
    private const int ReadAhead = 8;
    private static readonly byte[] Zeroes = new byte[1 << 20];

    /// <summary>False to leave out the hash, which has to pass over the zeroes as well: a minute for every 100 GiB of size.</summary>
    public bool WithHash { get; init; } = true;

    /// <summary>Told after every run.</summary>
    public Action<ExportProgress>? Progress { get; init; }

    /// <summary>
    /// Writes a sparse file, which appears under its name when it is whole and durable. Throws <see cref="IOException"/> when the name
    /// exists and <paramref name="mayReplace"/> is false.
    /// </summary>
    public async Task<ExportResult> ToFileAsync(string path, bool mayReplace, CancellationToken cancellationToken = default)
    {
        if (!mayReplace && Path.Exists(path)) throw new IOException($"'{path}' exists already.");
        using var sink = new SparseFileSink(path, image.SizeBytes);
        var result = await RunAsync(sink, cancellationToken);
        sink.Publish(mayReplace);
        return result;
    }

    /// <summary>Writes every byte of the image to a stream, which is not closed.</summary>
    public async Task<ExportResult> ToStreamAsync(Stream stream, CancellationToken cancellationToken = default)
    {
        var result = await RunAsync(new StreamSink(stream), cancellationToken);
        await stream.FlushAsync(cancellationToken);
        return result;
    }

    private async Task<ExportResult> RunAsync(IImageSink sink, CancellationToken cancellationToken)
    {
        using var hash = WithHash ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var ahead = new Queue<Task<(long Offset, byte[] Bytes)>>();
        long position = 0, data = 0;
        try
        {
            await foreach (var (offset, length) in RunsAsync(stop.Token))
            {
                ahead.Enqueue(ReadAsync(offset, length, stop.Token));
                if (ahead.Count == ReadAhead) await TakeAsync();
            }
            while (ahead.Count > 0) await TakeAsync();
        }
        finally
        {
            await stop.CancelAsync();
            // Nothing may still read when the caller lets go of what it reads from.
            await Task.WhenAll(ahead).ContinueWith(static left => _ = left.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
        await SkipToAsync(image.SizeBytes);
        Progress?.Invoke(new ExportProgress(position, image.SizeBytes, data));
        return new ExportResult(image.SizeBytes, data, hash is null ? null : Convert.ToHexStringLower(hash.GetHashAndReset()));

        async Task TakeAsync()
        {
            var (offset, bytes) = await ahead.Dequeue();
            await SkipToAsync(offset);
            hash?.AppendData(bytes);
            await sink.WriteAsync(bytes, cancellationToken);
            position += bytes.Length;
            data += bytes.Length;
            Progress?.Invoke(new ExportProgress(position, image.SizeBytes, data));
        }

        async Task SkipToAsync(long offset)
        {
            await sink.SkipAsync(offset - position, cancellationToken);
            for (; position < offset; position += Math.Min(Zeroes.Length, offset - position))
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash?.AppendData(Zeroes.AsSpan(0, (int)Math.Min(Zeroes.Length, offset - position)));
            }
        }
    }

    private async Task<(long Offset, byte[] Bytes)> ReadAsync(long offset, int length, CancellationToken cancellationToken)
    {
        var bytes = new byte[length];
        await image.ReadAsync(offset, bytes, cancellationToken);
        return (offset, bytes);
    }

    /// <summary>What is held, as runs of neighbouring blocks.</summary>
    private async IAsyncEnumerable<(long Offset, int Length)> RunsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long first = -1, next = -1;
        await foreach (var held in image.EnumerateBlocksAsync(0, cancellationToken))
        {
            if (first >= 0 && (held.Block != next || next - first == MaxRunBlocks))
            {
                yield return Run(first, next);
                first = -1;
            }
            if (first < 0) first = held.Block;
            next = held.Block + 1L;
        }
        if (first >= 0) yield return Run(first, next);
    }

    private (long Offset, int Length) Run(long first, long end)
    {
        var offset = first * BlockGeometry.BlockBytes;
        return (offset, (int)(Math.Min(end * BlockGeometry.BlockBytes, image.SizeBytes) - offset));
    }
}
