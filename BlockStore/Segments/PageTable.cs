using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Segments;

/// <summary>
/// The segments that one page names, each once (<c>docs/formats/map.md</c>, Segment table). A page cannot know the final length of
/// the segment it is being written into, so that one is marked instead of named.
/// </summary>
internal sealed class PageTable
{
    private readonly List<SegmentReference> _segments = [];
    private readonly Dictionary<SegmentIdentity, int> _positions = [];

    /// <summary>Segments that it names.</summary>
    public int Count => _segments.Count;

    public int Intern(SegmentReference segment)
    {
        if (_positions.TryGetValue(segment.Identity, out var position)) return position;
        _positions[segment.Identity] = _segments.Count;
        _segments.Add(segment);
        return _segments.Count - 1;
    }

    /// <summary>Writes owner table and segment table; <paramref name="holder"/> is the segment that the page goes into.</summary>
    public void Write(FormatWriter writer, SegmentIdentity holder)
    {
        var owners = new OwnerTable();
        var body = new FormatWriter();
        foreach (var segment in _segments)
        {
            var isHolder = segment.Identity == holder;
            body.Flag(isHolder);
            if (!isHolder) segment.Write(body, owners);
        }
        owners.Write(writer);
        writer.U32(_segments.Count);
        writer.Bytes(body.Written);
    }

    public static PageTable Read(ref FormatReader reader, SegmentReference holder)
    {
        var owners = OwnerTable.Read(ref reader);
        var table = new PageTable();
        var count = reader.Count("segment count", SegmentFormat.MaxPageBytes, 1);
        for (var i = 0; i < count; i++)
        {
            var segment = reader.Flag("segment table flag") ? holder : SegmentReference.Read(ref reader, owners);
            if (table.Intern(segment) != i) throw reader.Corrupt($"segment {i} of its table is named twice");
        }
        return table;
    }

    public SegmentReference Get(ref FormatReader reader)
    {
        var position = reader.U32("segment position");
        return position < _segments.Count
            ? _segments[(int)position]
            : throw reader.Corrupt($"it names segment {position} of {_segments.Count}");
    }
}
