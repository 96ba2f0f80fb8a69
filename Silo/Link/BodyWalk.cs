using System.Buffers;
using System.Numerics;

namespace Tidegate.Silo.Link;

/// <summary>
/// Follows one message's fields as Orleans' decoder would, without making anything of them, and breaks off at the first that a well-behaved
/// client does not write: a type that is not on the list, nesting too deep, a length that nothing follows (<c>docs/protocols/link.md</c>,
/// Bodies). Stricter than the decoder, so that the two can never disagree on where a field ends.
/// </summary>
internal ref struct BodyWalk(BodySchema schema, ReadOnlySequence<byte> bytes)
{
    private const byte VarInt = 0, TagDelimited = 1, LengthPrefixed = 2, Fixed32 = 3, Fixed64 = 4, Reference = 6, Extended = 7;
    private const byte EndObject = 0xE0, EndBase = 0xE8;
    private const uint LongFieldId = 7;
    private const byte TypeVersion = 1;

    private readonly List<BodyType> _types = [];
    private SequenceReader<byte> _reader = new(bytes);
    private byte _tag;
    private int _references;
    private int _plainReferences;
    private long _claims;

    /// <summary>What is left of a header after its silos: times, interface, and the request context's values.</summary>
    public void Header(uint flags)
    {
        const uint hasContext = 1 << 4, hasVersion = 1 << 5, hasInterface = 1 << 6, hasTimeToLive = 1 << 8;
        if ((flags & hasTimeToLive) != 0) Skip(sizeof(int));
        if ((flags & hasInterface) != 0 && VarUInt32() is var length and not 0) Skip(sizeof(int) + (long)length);
        if ((flags & hasVersion) != 0) VarUInt32();
        if ((flags & hasContext) == 0) return;
        var entries = VarUInt32();
        if (entries > LinkLimits.ContextEntries) throw new LinkBreachException($"a request context of {entries} entries");
        for (; entries > 0; entries--)
        {
            if (VarUInt32() is var key and > 1) Skip(key - 1);
            var wire = FieldHeader(out _, out var named);
            Value(wire, named ?? BodyType.Plain, 1, isKnown: false);
        }
    }

    /// <summary>Goes on with a body: one field that names its type. Types that the header named may be referred to, its objects may not.</summary>
    public void Body(ReadOnlySequence<byte> body, bool isResult)
    {
        _reader = new SequenceReader<byte>(body);
        _references = _plainReferences = 0;
        _claims = 0;
        var wire = FieldHeader(out _, out var named);
        if (named is null) throw new LinkBreachException("a body that names no type");
        if (!isResult) Value(wire, named, 1, isKnown: true);
        else if (wire == TagDelimited) Result(named);
        else throw new LinkBreachException("a result out of form");
        if (!_reader.End) throw new LinkBreachException($"a body with {_reader.Remaining} bytes after its end");
    }

    private void Result(BodyType type)
    {
        if (FieldHeader(out _, out var named) is var wire && wire == Extended) return;
        Value(wire, named ?? type, 2, isKnown: true);
        if (FieldHeader(out _, out _) != Extended) throw new LinkBreachException("a result out of form");
    }

    private void Value(byte wire, BodyType type, int depth, bool isKnown)
    {
        if (type.Kind == BodyKind.Refused && wire != Reference) throw new LinkBreachException("a field that clients may not send");
        switch (wire)
        {
            case VarInt:
                Claim(VarUInt64(), isKnown);
                break;
            case Fixed32:
                Claim(FixedInt32(), isKnown);
                break;
            case Fixed64:
                Claim(_reader.TryReadLittleEndian(out long number) ? (ulong)number : throw Ended(), isKnown);
                break;
            case LengthPrefixed:
                if (type.Kind == BodyKind.ErrorName) ErrorName();
                else Skip(VarUInt32());
                break;
            case Reference:
                CountReference(VarUInt32(), isKnown && type.Kind != BodyKind.Refused);
                break;
            case TagDelimited:
                if (depth > LinkLimits.BodyDepth) throw new LinkBreachException($"a body nested deeper than {LinkLimits.BodyDepth}");
                if (type.Kind == BodyKind.Object) Fields(type, depth);
                else if (type.Kind == BodyKind.Collection) Elements(type, depth);
                else PlainFields(depth);
                break;
            default:
                throw new LinkBreachException("a field of no wire type");
        }
    }

    private void Fields(BodyType type, int depth)
    {
        for (var level = 0; level < type.Levels.Count; level++)
        {
            var isLast = level == type.Levels.Count - 1;
            var (id, isFirst, isKnown) = (0UL, true, true);
            while (FieldHeader(out var delta, out var named) is var wire && wire != Extended)
            {
                id += delta;
                if (!isFirst && delta == 0) throw new LinkBreachException("a field twice in one object");
                // The decoder takes everything after a field it does not know for unknown as well.
                isKnown &= id <= uint.MaxValue && type.Levels[level].ContainsKey((uint)id);
                Value(wire, named ?? (isKnown ? type.Levels[level][(uint)id] : BodyType.Plain), depth + 1, isKnown);
                isFirst = false;
            }

            if (_tag != (isLast ? EndObject : EndBase)) throw new LinkBreachException("an object with another number of levels than its type has");
        }
    }

    private void Elements(BodyType type, int depth)
    {
        if (FieldHeader(out var delta, out var named) is var wire && wire == Extended)
        {
            RequireEnd();
            return;
        }

        if (wire != VarInt || delta != 0 || named is not null) throw new LinkBreachException("a collection that does not begin with its length");
        var length = VarUInt64();
        ulong count = 0;
        while ((wire = FieldHeader(out delta, out named)) != Extended)
        {
            if (delta != (count == 0 ? 1U : 0U)) throw new LinkBreachException("a collection out of form");
            Value(wire, named ?? type.Element, depth + 1, isKnown: true);
            count++;
        }

        RequireEnd();
        if (length > count) throw new LinkBreachException($"a collection that claims {length} elements and has {count}");
    }

    private void PlainFields(int depth)
    {
        while (FieldHeader(out _, out var named) is var wire && wire != Extended) Value(wire, named ?? BodyType.Plain, depth + 1, isKnown: false);
        RequireEnd();
    }

    /// <summary>Reads tag, field id and type; the wire type is the answer.</summary>
    private byte FieldHeader(out uint delta, out BodyType? named)
    {
        var tag = _tag = Byte();
        var wire = (byte)(tag >> 5);
        (delta, named) = (0, null);
        if (wire == Extended)
        {
            if (tag is not (EndObject or EndBase)) throw new LinkBreachException("an unknown control tag");
            return wire;
        }

        delta = (uint)tag & 7;
        if (delta == LongFieldId) delta = VarUInt32();
        named = ((tag >> 3) & 3) switch
        {
            0 => null,
            1 => schema.WellKnown(VarUInt32()),
            2 => EncodedType(),
            _ => ReferencedType(VarUInt32()),
        };
        return wire;
    }

    private BodyType EncodedType()
    {
        if (Byte() != TypeVersion) throw new LinkBreachException("a type name of another version");
        var hash = FixedInt32();
        Span<byte> name = stackalloc byte[NameLength()];
        Read(name);
        var type = schema.Named(name, (int)hash);
        _types.Add(type);
        return type;
    }

    private void ErrorName()
    {
        Span<byte> name = stackalloc byte[NameLength()];
        Read(name);
        schema.RequireErrorName(name);
    }

    private readonly BodyType ReferencedType(uint number) =>
        number is > 0 && number <= _types.Count ? _types[(int)number - 1] : throw new LinkBreachException("a reference to a type that was not named");

    /// <summary>
    /// An object that came before. Those that come in fields unknown here could chain the decoder from one to the next, so they are few; the
    /// others are bounded for the same reason.
    /// </summary>
    private void CountReference(uint id, bool isKnown)
    {
        if (id == 0) return;
        if (++_references > LinkLimits.BodyReferences || (!isKnown && ++_plainReferences > LinkLimits.PlainReferences))
            throw new LinkBreachException("too many references to objects before");
    }

    /// <summary>A number in a field unknown here might be a collection's length, and memory that the decoder sets aside.</summary>
    private void Claim(ulong number, bool isKnown)
    {
        // A length beyond what is left is refused by the decoder itself.
        if (isKnown || number > (ulong)_reader.Remaining) return;
        if ((_claims += (long)number) > LinkLimits.ClaimedElements) throw new LinkBreachException("numbers that would be lengths of collections beyond all measure");
    }

    private readonly void RequireEnd()
    {
        if (_tag != EndObject) throw new LinkBreachException("a level in something that has none");
    }

    private byte Byte() => _reader.TryRead(out var value) ? value : throw Ended();

    private uint FixedInt32() => _reader.TryReadLittleEndian(out int value) ? (uint)value : throw Ended();

    private int NameLength() =>
        VarUInt32() is var length && length <= LinkLimits.TypeNameBytes ? (int)length : throw new LinkBreachException($"a type name of {length} bytes");

    private void Read(scoped Span<byte> into)
    {
        if (!_reader.TryCopyTo(into)) throw Ended();
        _reader.Advance(into.Length);
    }

    private void Skip(long bytes)
    {
        if (bytes > _reader.Remaining) throw Ended();
        _reader.Advance(bytes);
    }

    private uint VarUInt32() => VarUInt64() is var value and <= uint.MaxValue ? (uint)value : throw new LinkBreachException("a number out of range");

    /// <summary>The number of trailing zeros in the first byte says how many bytes follow. In the shortest form alone: Orleans reads longer ones in two ways.</summary>
    private ulong VarUInt64()
    {
        var first = Byte();
        var more = BitOperations.TrailingZeroCount(0x100U | first);
        if (more == 8) return LongVarUInt64();
        var value = (ulong)first >> (more + 1);
        for (var read = 0; read < more; read++) value |= (ulong)Byte() << (7 - more + (8 * read));
        return more == 0 || value >> (7 * more) != 0 ? value : throw new LinkBreachException("a number in a longer form than it needs");
    }

    /// <summary>Nine and ten bytes: the marker's zeros fill the first one.</summary>
    private ulong LongVarUInt64()
    {
        var second = Byte();
        var isTen = (second & 1) == 0;
        if (isTen && (second & 2) == 0) throw new LinkBreachException("a number out of range");
        var value = (ulong)second >> (isTen ? 2 : 1);
        var (bits, rest) = isTen ? (6, 8) : (7, 7);
        for (var read = 0; read < rest; read++, bits += 8)
        {
            var next = Byte();
            if (bits + 8 > 64 && next >> (64 - bits) != 0) throw new LinkBreachException("a number out of range");
            value |= (ulong)next << bits;
        }

        return value >> (isTen ? 63 : 56) != 0 ? value : throw new LinkBreachException("a number in a longer form than it needs");
    }

    private static LinkBreachException Ended() => new("a body that ends within a field");
}
