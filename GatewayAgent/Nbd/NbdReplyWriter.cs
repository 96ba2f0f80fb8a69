using System.Buffers.Binary;
using System.Text;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Nbd.Wire;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Writes replies of the transmission phase, simple or structured as agreed, and queues them. Thread-safe.</summary>
internal sealed class NbdReplyWriter(NbdReplyQueue queue, bool structured)
{
    /// <summary>The id under which <c>base:allocation</c> was announced.</summary>
    public const uint BaseAllocationId = 1;

    private const int SimpleBytes = 16;
    private const int ChunkHeaderBytes = 20;
    private const int OffsetBytes = 8;
    private const int MaxMessageBytes = 512;
    private const ushort Done = 1;

    public bool IsStructured => structured;

    private int ReadHeaderBytes => structured ? ChunkHeaderBytes + OffsetBytes : SimpleBytes;

    /// <summary>Space for a read's reply, out of granted bytes when they are said; the data belongs into <see cref="DataOf"/>.</summary>
    public NbdSlice ReserveRead(int length, int grantedBytes = 0) => queue.Reserve(ReadHeaderBytes + length, grantedBytes);

    public Memory<byte> DataOf(in NbdSlice reply) => reply.Memory[ReadHeaderBytes..];

    /// <summary>
    /// A reply that holds some of another's data, where they lie: its header takes the place of what lies before, so that must be needed no more.
    /// Both are to be completed or released.
    /// </summary>
    public NbdSlice PartOf(in NbdSlice reply, int from, int length)
    {
        reply.Buffer.AddUser();
        return new NbdSlice(reply.Buffer, reply.Start + from, ReadHeaderBytes + length);
    }

    /// <summary>Queues a reply reserved by <see cref="ReserveRead"/> whose data is in place.</summary>
    public void CompleteRead(in NbdSlice reply, ulong cookie, ulong offset, bool isLast = true)
    {
        var span = reply.Span;
        if (structured)
        {
            WriteChunkHeader(span, isLast, NbdChunk.OffsetData, cookie, reply.Length - ChunkHeaderBytes);
            BinaryPrimitives.WriteUInt64BigEndian(span[ChunkHeaderBytes..], offset);
        }
        else
        {
            WriteSimple(span, NbdError.None, cookie);
        }
        queue.Queue(reply);
    }

    /// <summary>Lets queued replies leave now, before the rest of a long answer is ready.</summary>
    public void Send() => queue.Send();

    public void Hole(ulong cookie, ulong offset, uint length, bool isLast)
    {
        var reply = queue.Reserve(ChunkHeaderBytes + OffsetBytes + 4);
        var span = reply.Span;
        WriteChunkHeader(span, isLast, NbdChunk.OffsetHole, cookie, OffsetBytes + 4);
        BinaryPrimitives.WriteUInt64BigEndian(span[ChunkHeaderBytes..], offset);
        BinaryPrimitives.WriteUInt32BigEndian(span[(ChunkHeaderBytes + OffsetBytes)..], length);
        queue.Queue(reply);
    }

    public void Acknowledge(ulong cookie)
    {
        var reply = queue.Reserve(SimpleBytes);
        WriteSimple(reply.Span, NbdError.None, cookie);
        queue.Queue(reply);
    }

    /// <summary>Answers with an error; the message reaches people only with structured replies.</summary>
    public void Fail(ulong cookie, NbdError error, string message)
    {
        if (!structured)
        {
            var simple = queue.Reserve(SimpleBytes);
            WriteSimple(simple.Span, error, cookie);
            queue.Queue(simple);
            return;
        }
        Span<byte> text = stackalloc byte[MaxMessageBytes];
        Encoding.UTF8.TryGetBytes(message.Length <= MaxMessageBytes / 3 ? message : message[..(MaxMessageBytes / 3)], text, out var textBytes);
        var reply = queue.Reserve(ChunkHeaderBytes + 6 + textBytes);
        var span = reply.Span;
        WriteChunkHeader(span, isLast: true, NbdChunk.Error, cookie, 6 + textBytes);
        BinaryPrimitives.WriteUInt32BigEndian(span[ChunkHeaderBytes..], (uint)error);
        BinaryPrimitives.WriteUInt16BigEndian(span[(ChunkHeaderBytes + 4)..], (ushort)textBytes);
        text[..textBytes].CopyTo(span[(ChunkHeaderBytes + 6)..]);
        queue.Queue(reply);
    }

    /// <summary>Answers a block status request; neighbours of one kind have been joined and the range clipped by the caller.</summary>
    public void BlockStatus(ulong cookie, IReadOnlyList<BlockExtent> extents)
    {
        const uint hole = 1, zero = 2;
        var reply = queue.Reserve(ChunkHeaderBytes + 4 + extents.Count * 8);
        var span = reply.Span;
        WriteChunkHeader(span, isLast: true, NbdChunk.BlockStatus, cookie, 4 + extents.Count * 8);
        BinaryPrimitives.WriteUInt32BigEndian(span[ChunkHeaderBytes..], BaseAllocationId);
        span = span[(ChunkHeaderBytes + 4)..];
        foreach (var extent in extents)
        {
            BinaryPrimitives.WriteUInt32BigEndian(span, checked((uint)extent.LengthBytes));
            BinaryPrimitives.WriteUInt32BigEndian(span[4..], extent.IsHole ? hole | zero : 0);
            span = span[8..];
        }
        queue.Queue(reply);
    }

    private static void WriteSimple(Span<byte> span, NbdError error, ulong cookie)
    {
        BinaryPrimitives.WriteUInt32BigEndian(span, NbdMagic.SimpleReply);
        BinaryPrimitives.WriteUInt32BigEndian(span[4..], (uint)error);
        BinaryPrimitives.WriteUInt64BigEndian(span[8..], cookie);
    }

    private static void WriteChunkHeader(Span<byte> span, bool isLast, NbdChunk type, ulong cookie, int payloadBytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(span, NbdMagic.StructuredReply);
        BinaryPrimitives.WriteUInt16BigEndian(span[4..], isLast ? Done : (ushort)0);
        BinaryPrimitives.WriteUInt16BigEndian(span[6..], (ushort)type);
        BinaryPrimitives.WriteUInt64BigEndian(span[8..], cookie);
        BinaryPrimitives.WriteUInt32BigEndian(span[16..], (uint)payloadBytes);
    }
}
