namespace Tidegate.Silo.Link;

/// <summary>Shapes that the guard tells apart in a body.</summary>
internal enum BodyKind
{
    /// <summary>Followed by its wire types alone.</summary>
    Plain,

    /// <summary>Fields in levels.</summary>
    Object,

    /// <summary>A length and that many elements.</summary>
    Collection,

    /// <summary>What a successful response wraps its result in.</summary>
    Result,

    /// <summary>Text that names an exception's type.</summary>
    ErrorName,

    /// <summary>Not accepted.</summary>
    Refused,
}
