using System.Collections.Immutable;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Heads;

/// <summary>
/// The segments after a base root, oldest first: those in the chain of tail manifests, then up to 16 inline
/// (<c>docs/formats/head.md</c>, Tail). A clone's tail begins with segments of its origin.
/// </summary>
/// <param name="Manifest">Newest tail manifest, or null.</param>
/// <param name="ManifestCount">Segments in the whole chain.</param>
/// <param name="Inline">The newest segments.</param>
public sealed record Tail(SegmentReference? Manifest, int ManifestCount, ImmutableArray<TailEntry> Inline)
{
    /// <summary>Most entries kept inline.</summary>
    public const int MaxInline = 16;

    /// <summary>Most segments of a tail.</summary>
    public const int MaxSegments = 256;

    /// <summary>No segments.</summary>
    public static Tail Empty { get; } = new(null, 0, []);

    /// <summary>How many segments.</summary>
    public int Count => ManifestCount + Inline.Length;

    /// <inheritdoc/>
    public bool Equals(Tail? other) =>
        other is not null && Manifest == other.Manifest && ManifestCount == other.ManifestCount && Inline.AsSpan().SequenceEqual(other.Inline.AsSpan());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Manifest, ManifestCount, Inline.Length);

    internal void Write(FormatWriter writer, OwnerTable owners)
    {
        SegmentReference.WriteOptional(writer, owners, Manifest);
        writer.U32(ManifestCount);
        writer.U8((byte)Inline.Length);
        foreach (var entry in Inline) entry.Write(writer, owners);
    }

    internal static Tail Read(ref FormatReader reader, OwnerTable owners, bool allowsFills = false)
    {
        var manifest = SegmentReference.ReadOptional(ref reader, owners, SegmentKind.Tail);
        var manifestCount = reader.I32("manifest entry count", 0, MaxSegments);
        if (manifest is null != (manifestCount == 0))
            throw reader.Corrupt($"{manifestCount} manifest entries do not fit {(manifest is null ? "no" : "a")} manifest");
        var inline = reader.U8("inline entry count");
        if (inline > MaxInline) throw reader.Corrupt($"{inline} inline entries are over {MaxInline}");
        var entries = ImmutableArray.CreateBuilder<TailEntry>(inline);
        for (var i = 0; i < inline; i++)
        {
            entries.Add(TailEntry.Read(ref reader, owners));
            if (!allowsFills && entries[i].Segment.Identity.Kind == SegmentKind.Fill)
                throw reader.Corrupt("a fill stands outside a staging branch");
        }
        return new Tail(manifest, manifestCount, entries.MoveToImmutable());
    }
}
