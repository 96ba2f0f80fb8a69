using System.Buffers;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Session;

namespace Tidegate.Silo.Link;

/// <summary>
/// The start of an Orleans 10.4.2 message header: flags, correlation id, sender, target. Not a public contract; the
/// version is pinned and <c>Tests/Unit/Link</c> fails when the layout moves (<c>docs/protocols/link.md</c>, Frames).
/// </summary>
internal readonly record struct FrameHeader(uint Flags, long Id, GrainId Sender, GrainId Target)
{
    private const uint CacheInvalidationFlag = 1 << 7;

    public FrameDirection Direction => (FrameDirection)((Flags >> 16) & 0xF);
    public FrameResponse Response => (FrameResponse)((Flags >> 20) & 0xF);
    public bool HasCacheInvalidation => (Flags & CacheInvalidationFlag) != 0;

    /// <summary>Reads the header's start; anything out of form is a <see cref="LinkBreachException"/>.</summary>
    public static FrameHeader Read(ReadOnlySequence<byte> header, SerializerSessionPool sessions)
    {
        using var session = sessions.GetSession();
        var reader = Reader.Create(header, session);
        try
        {
            return new FrameHeader(reader.ReadUInt32(), reader.ReadInt64(), ReadGrainId(ref reader), ReadGrainId(ref reader));
        }
        catch (Exception error) when (error is not LinkBreachException)
        {
            throw new LinkBreachException($"a frame header that cannot be read ({error.GetType().Name})");
        }
    }

    private static GrainId ReadGrainId<TInput>(ref Reader<TInput> reader)
    {
        var type = IdSpanCodec.ReadRaw(ref reader);
        var key = IdSpanCodec.ReadRaw(ref reader);
        return new GrainId(new GrainType(Canonical(type)), Canonical(key));
    }

    /// <summary>The hash travels beside the bytes and is believed by the reader: a lying one would name a grain that compares unequal to itself.</summary>
    private static IdSpan Canonical(IdSpan received)
    {
        if (received.IsDefault) return received;
        var own = IdSpan.Create(received.ToString()!);
        return own.Equals(received) && own.GetHashCode() == received.GetHashCode()
            ? own
            : throw new LinkBreachException("an id whose hash is not its own");
    }
}
