using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Nbd.Wire;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Requests that take several calls of the device.</summary>
internal static class NbdLongOperations
{
    public const int StepBytes = 1024 * 1024;
    /// <summary>What leaves at once: each piece wakes the client, and costs it more than what a smaller one saves here by staying in the cache.</summary>
    private const uint PieceBytes = 1024 * 1024;
    /// <summary>Zeroes of this length, from a multiple of it in the read on, go as a hole.</summary>
    private const int HoleBytes = 128 * 1024;
    private static readonly byte[] Zeroes = new byte[StepBytes];

    /// <summary>
    /// Answers a read in pieces; what is nothing but zeroes goes as holes. Looking at the bytes costs less than asking for extents, which a file system finds by walking its map.
    /// Queues its own replies; a failure may follow data chunks. The whole length has been granted.
    /// </summary>
    public static async ValueTask ReadInPiecesAsync(
        IBlockDevice device, NbdReplyWriter replies, NbdMemory memory, NbdRequest request, CancellationToken cancellationToken)
    {
        var (offset, left) = (request.Offset, request.Length);
        var granted = left;
        try
        {
            while (left > 0)
            {
                var length = Math.Min(left, PieceBytes);
                var reply = replies.ReserveRead((int)length, (int)length);
                granted -= length;
                try
                {
                    await device.ReadAsync((long)offset, replies.DataOf(reply), cancellationToken);
                }
                catch
                {
                    reply.Release();
                    throw;
                }
                QueueRuns(replies, reply, request.Cookie, offset, isLast: length == left);
                reply.Release();
                replies.Send();
                offset += length;
                left -= length;
            }
        }
        finally
        {
            if (granted > 0)
                memory.Return(granted, wereGranted: true);
        }
    }

    private static void QueueRuns(NbdReplyWriter replies, in NbdSlice reply, ulong cookie, ulong offset, bool isLast)
    {
        var data = replies.DataOf(reply).Span;
        for (var from = 0; from < data.Length;)
        {
            var isHole = IsZero(data, from);
            var to = from;
            do
                to = Math.Min(to + HoleBytes, data.Length);
            while (to < data.Length && IsZero(data, to) == isHole);
            var ends = isLast && to == data.Length;
            if (isHole)
                replies.Hole(cookie, offset + (uint)from, (uint)(to - from), ends);
            else
                // Its header overwrites the end of a hole, which has been announced, or of nothing.
                replies.CompleteRead(replies.PartOf(reply, from, to - from), cookie, offset + (uint)from, ends);
            from = to;
        }
    }

    private static bool IsZero(ReadOnlySpan<byte> data, int from) => !data.Slice(from, Math.Min(HoleBytes, data.Length - from)).ContainsAnyExcept((byte)0);

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

    /// <summary>Reads the range a step at a time, out of granted bytes.</summary>
    public static async ValueTask CacheAsync(IBlockDevice device, NbdMemory memory, long offset, long length, CancellationToken cancellationToken)
    {
        var step = (int)Math.Min(length, StepBytes);
        var scratch = memory.Rent(step, step);
        try
        {
            for (; length > 0; offset += step, length -= step)
                await device.ReadAsync(offset, scratch.Array.AsMemory(0, (int)Math.Min(length, step)), cancellationToken);
        }
        finally
        {
            scratch.Release();
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
