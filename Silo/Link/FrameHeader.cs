using System.Buffers;
using System.Net;
using Orleans.Serialization.Buffers;
using Orleans.Serialization.Codecs;
using Orleans.Serialization.Session;

namespace Tidegate.Silo.Link;

/// <summary>
/// The start of an Orleans 10.4.2 message header: flags, correlation id, sender, target, the silo that the sender asks for, and where the rest begins. Not a public contract; the
/// version is pinned and <c>Tests/Unit/Link</c> fails when the layout moves (<c>docs/protocols/link.md</c>, Frames).
/// </summary>
internal readonly record struct FrameHeader(uint Flags, long Id, GrainId Sender, GrainId Target, IPEndPoint? TargetSilo, long RestAt = 0)
{
    private const uint CacheInvalidationFlag = 1 << 7;
    private const int MaxSiloBytes = 64;

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
            var (flags, id, from, to) = (reader.ReadUInt32(), reader.ReadInt64(), ReadGrainId(ref reader), ReadGrainId(ref reader));
            _ = ReadSilo(ref reader);
            var silo = ReadSilo(ref reader);
            return new FrameHeader(flags, id, from, to, silo, reader.Position);
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

    /// <summary>Length, hash, address, port, generation; length 0 for none.</summary>
    private static IPEndPoint? ReadSilo<TInput>(ref Reader<TInput> reader)
    {
        var length = reader.ReadVarUInt32();
        if (length == 0) return null;
        if (length > MaxSiloBytes) throw new LinkBreachException($"a silo address of {length} bytes");
        var end = reader.Position + length;
        _ = reader.ReadInt32();
        var silo = new IPEndPoint(IPAddressCodec.ReadRaw(ref reader), (int)reader.ReadVarUInt32());
        _ = reader.ReadInt32();
        return reader.Position == end ? silo : throw new LinkBreachException("a silo address of another length than it says");
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
