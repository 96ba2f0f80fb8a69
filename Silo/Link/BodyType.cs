using System.Collections.Frozen;

namespace Tidegate.Silo.Link;

/// <summary>
/// What the guard knows of a type that clients may send (<c>docs/protocols/link.md</c>, Bodies): enough to follow Orleans' decoder field by
/// field and to tell a collection's length from a number.
/// </summary>
internal sealed class BodyType(BodyKind kind)
{
    /// <summary>No structure is expected of it: a number, text, bytes, an id, or a field that this version does not know.</summary>
    public static readonly BodyType Plain = new(BodyKind.Plain);

    /// <summary>Never accepted, whatever is in it.</summary>
    public static readonly BodyType Refused = new(BodyKind.Refused);

    public BodyKind Kind { get; } = kind;

    /// <summary>Of an object: its fields by id, one table a level; the levels of base types come first.</summary>
    public IReadOnlyList<FrozenDictionary<uint, BodyType>> Levels { get; set; } = [];

    /// <summary>Of a collection: its elements. Of a result: the result.</summary>
    public BodyType Element { get; set; } = Plain;
}
