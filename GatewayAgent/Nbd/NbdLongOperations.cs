using System.Buffers;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Nbd.Wire;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Requests that take several calls of the device.</summary>
internal static class NbdLongOperations
{
    private const int StepBytes = 1024 * 1024;
    private const int PieceBytes = 128 * 1024;
    private static readonly byte[] Zeroes = new byte[StepBytes];

    /// <summary>
    /// Answers a read in chunks, holes without their zeroes. Data goes in pieces that stay in the processor's cache between
    /// reading and sending. Queues its own replies; a failure may follow data chunks.
    /// </summary>
    public static async ValueTask ReadSparseAsync(IBlockDevice device, NbdReplyWriter replies, NbdRequest request, CancellationToken cancellationToken)
    {
        const int maxRuns = 32;
        var (offset, left) = (request.Offset, request.Length);
        var runs = await ExtentsAsync(device, (long)offset, left, maxRuns, cancellationToken);
        var run = 0;
        while (left > 0)
        {
            // Past the last extent that was described everything counts as data.
            var isHole = run < runs.Count && runs[run].IsHole;
            var length = run < runs.Count ? (uint)runs[run].LengthBytes : left;
            if (isHole)
            {
                replies.Hole(request.Cookie, offset, length, isLast: length == left);
            }
            else
            {
                length = Math.Min(length, PieceBytes);
                await ReadPieceAsync(device, replies, request.Cookie, offset, (int)length, isLast: length == left, cancellationToken);
            }
            offset += length;
            left -= length;
            if (run < runs.Count && (runs[run] = runs[run] with { LengthBytes = runs[run].LengthBytes - length }).LengthBytes == 0)
                run++;
        }
    }

    private static async ValueTask ReadPieceAsync(
        IBlockDevice device, NbdReplyWriter replies, ulong cookie, ulong offset, int length, bool isLast, CancellationToken cancellationToken)
    {
        var reply = replies.ReserveRead(length);
        try
        {
            await device.ReadAsync((long)offset, replies.DataOf(reply), cancellationToken);
        }
        catch
        {
            reply.Release();
            throw;
        }
        replies.CompleteRead(reply, cookie, offset, isLast);
        replies.Send();
    }

    public static async ValueTask BlockStatusAsync(IBlockDevice device, NbdReplyWriter replies, NbdRequest request, CancellationToken cancellationToken)
    {
        var max = (request.Flags & NbdCommandFlags.RequestOne) != 0 ? 1 : NbdLimits.MaxExtents;
        replies.BlockStatus(request.Cookie, await ExtentsAsync(device, (long)request.Offset, request.Length, max, cancellationToken));
    }

    /// <summary>Zeroes that take space, for clients that ask for no hole.</summary>
    public static async ValueTask WriteRealZeroesAsync(IBlockDevice device, long offset, long length, bool fua)
    {
        for (; length > 0; offset += StepBytes, length -= StepBytes)
            await device.WriteAsync(offset, Zeroes.AsMemory(0, (int)Math.Min(length, StepBytes)), fua, CancellationToken.None);
    }

    public static async ValueTask CacheAsync(IBlockDevice device, long offset, long length, CancellationToken cancellationToken)
    {
        var scratch = ArrayPool<byte>.Shared.Rent(StepBytes);
        try
        {
            for (; length > 0; offset += StepBytes, length -= StepBytes)
                await device.ReadAsync(offset, scratch.AsMemory(0, (int)Math.Min(length, StepBytes)), cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    /// <summary>Extents clipped to the range, neighbours of one kind joined; at least one, at most <paramref name="max"/>.</summary>
    private static async ValueTask<List<BlockExtent>> ExtentsAsync(IBlockDevice device, long offset, long length, int max, CancellationToken cancellationToken)
    {
        List<BlockExtent> joined = [];
        foreach (var extent in await device.GetExtentsAsync(offset, length, max, cancellationToken))
        {
            var clipped = extent with { LengthBytes = Math.Min(extent.LengthBytes, length) };
            if (clipped.LengthBytes == 0)
                break;
            if (joined.Count > 0 && joined[^1].IsHole == clipped.IsHole)
                joined[^1] = clipped with { LengthBytes = joined[^1].LengthBytes + clipped.LengthBytes };
            else if (joined.Count < max)
                joined.Add(clipped);
            else
                break;
            length -= clipped.LengthBytes;
        }
        if (joined.Count == 0)
            joined.Add(new BlockExtent(length, IsHole: false));
        return joined;
    }
}
