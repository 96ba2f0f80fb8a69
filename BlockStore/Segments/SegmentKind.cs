namespace Tidegate.BlockStore.Segments;

/// <summary>What the frames of a segment are (<c>docs/formats/segment.md</c>, Kinds).</summary>
public enum SegmentKind
{
    /// <summary>Fragments of blocks, sealed from a write log.</summary>
    Data = 1,
    /// <summary>Map pages (<c>docs/formats/map.md</c>).</summary>
    Map = 2,
    /// <summary>Catalogue pages (<c>docs/formats/catalogue.md</c>).</summary>
    Catalogue = 3,
    /// <summary>One frame: a tail manifest (<c>docs/formats/head.md</c>).</summary>
    Tail = 4,
    /// <summary>One frame: a head manifest (<c>docs/formats/manifest.md</c>).</summary>
    Head = 5,
    /// <summary>Pages of a relocation table (<c>docs/formats/relocation.md</c>).</summary>
    Relocation = 6,
    /// <summary>Sealed frames of other segments, copied as they are (<c>docs/formats/relocation.md</c>, Containers).</summary>
    Moved = 7,
    /// <summary>One frame: a state record (<c>docs/formats/record.md</c>). Nothing refers to one.</summary>
    Record = 8,
    /// <summary>
    /// Blocks copied from a store, for a staging branch: they supply only what the log has not touched since (<c>docs/formats/staging.md</c>).
    /// </summary>
    Fill = 9,
    /// <summary>Fragments that a fold merged from several frames of a block (<c>docs/formats/map.md</c>, Merging).</summary>
    Compact = 10,
}
