using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Maps;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Staging;

/// <summary>
/// A volume's second root and tail, which become the main ones by publication (<c>docs/formats/staging.md</c>). Changed by
/// <see cref="StagingMachine"/> alone. Nothing in it is a recovery point.
/// </summary>
public sealed record StagingBranch
{
    /// <summary>Most tail entries kept in the head: the main tail may have its sixteen beside them.</summary>
    public const int MaxInline = 4;

    /// <summary>The epoch that it began with: its name.</summary>
    public required long FirstEpoch { get; init; }

    /// <summary>True when it is given up: only the worker that frees it may touch it.</summary>
    public bool IsAbandoned { get; init; }

    /// <summary>True once a fold has made <see cref="Root"/>: until then the staged root is the main root.</summary>
    public bool IsBased { get; init; }

    /// <summary>Where the log stood when it began: what fills spare was touched by the log since.</summary>
    public required long FirstSequence { get; init; }

    /// <summary>Sequence of the last log segment, staged or, at the beginning, known to the log as committed.</summary>
    public required long Sequence { get; init; }

    /// <summary>Log position after it.</summary>
    public required long LogEnd { get; init; }

    /// <summary>Its digest.</summary>
    public required SegmentDigest Digest { get; init; }

    /// <summary>Number of its last fill; <see cref="VolumeHead.FillsEver"/> when it has none.</summary>
    public required long Fills { get; init; }

    /// <summary>Digest of its last fill; none before the first.</summary>
    public required SegmentDigest FillDigest { get; init; }

    /// <summary>The last <see cref="StagingMark"/> that its log segments brought; empty before the first.</summary>
    public string Mark { get; init; } = "";

    /// <summary>Stored bytes of the segments in the tail.</summary>
    public long BytesSinceFold { get; init; }

    /// <summary>Service's clock at the last commit.</summary>
    public required DateTimeOffset CommittedAt { get; init; }

    /// <summary>Host's clock at the last record of the log; for display.</summary>
    public required DateTimeOffset HostTime { get; init; }

    /// <summary>What folds have made of it; meaningful once <see cref="IsBased"/>, null for all zero.</summary>
    public PageRoot? Root { get; init; }

    /// <summary>Segments after the root in the order of their commits, log segments and fills.</summary>
    public Tail Tail { get; init; } = Tail.Empty;

    /// <summary>Newest manifest of the tail that the last fold shortened; the next change accounts for it and those before.</summary>
    public SegmentReference? RetiredTail { get; init; }

    /// <summary>The root that the next fold begins from.</summary>
    public PageRoot? RootOf(VolumeHead head) => IsBased ? Root : head.Root;

    internal static void WriteOptional(FormatWriter writer, OwnerTable owners, StagingBranch? branch)
    {
        writer.Flag(branch is not null);
        branch?.Write(writer, owners);
    }

    internal static StagingBranch? ReadOptional(ref FormatReader reader, OwnerTable owners) =>
        reader.Flag("staging flag") ? Read(ref reader, owners) : null;

    private void Write(FormatWriter writer, OwnerTable owners)
    {
        writer.I64(FirstEpoch);
        writer.Flag(IsAbandoned);
        writer.Flag(IsBased);
        writer.I64(FirstSequence);
        writer.I64(Sequence);
        writer.I64(LogEnd);
        writer.Bytes(Digest.Bytes);
        writer.I64(Fills);
        writer.Bytes(FillDigest.Bytes);
        writer.Text(Mark);
        writer.I64(BytesSinceFold);
        writer.Time(CommittedAt);
        writer.Time(HostTime);
        PageRoot.WriteOptional(writer, owners, Root);
        Tail.Write(writer, owners);
        SegmentReference.WriteOptional(writer, owners, RetiredTail);
    }

    private static StagingBranch Read(ref FormatReader reader, OwnerTable owners)
    {
        var firstEpoch = reader.I64("staging epoch", 1, long.MaxValue);
        var isAbandoned = reader.Flag("staging abandoned flag");
        var isBased = reader.Flag("staging based flag");
        var firstSequence = reader.I64("staging first sequence", 0, long.MaxValue);
        var sequence = reader.I64("staging sequence", firstSequence, long.MaxValue);
        var logEnd = reader.I64("staging log end", 0, long.MaxValue);
        var digest = new SegmentDigest(reader.Bytes(SegmentDigest.LengthBytes, "staging digest"));
        var branch = new StagingBranch
        {
            FirstEpoch = firstEpoch,
            IsAbandoned = isAbandoned,
            IsBased = isBased,
            FirstSequence = firstSequence,
            Sequence = sequence,
            LogEnd = logEnd,
            Digest = digest,
            Fills = reader.I64("staging fills", 0, long.MaxValue),
            FillDigest = new SegmentDigest(reader.Bytes(SegmentDigest.LengthBytes, "staging fill digest")),
            Mark = reader.Text("staging mark"),
            BytesSinceFold = reader.I64("staging bytes", 0, long.MaxValue),
            CommittedAt = reader.Time("staging commit time"),
            HostTime = reader.Time("staging host time"),
            Root = PageRoot.ReadOptional(ref reader, owners, SegmentKind.Map, MapGeometry.MaxLevel),
            Tail = Tail.Read(ref reader, owners, allowsFills: true),
            RetiredTail = SegmentReference.ReadOptional(ref reader, owners, SegmentKind.Tail),
        };
        if (branch.Root is not null && !isBased) throw reader.Corrupt("a staging branch that is not based has a root");
        if (branch.Mark.Length > StagingMark.MaxLength) throw reader.Corrupt($"a staging mark has {branch.Mark.Length} characters, over {StagingMark.MaxLength}");
        return branch.Tail.Inline.Length <= MaxInline
            ? branch
            : throw reader.Corrupt($"a staging branch has {branch.Tail.Inline.Length} inline entries, over {MaxInline}");
    }
}
