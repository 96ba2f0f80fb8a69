using System.Collections.Immutable;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;

namespace Tidegate.BlockStore.Heads;

/// <summary>
/// All that is saved with compare-and-set for a volume, at most 4 KiB whatever the volume's size (<c>docs/formats/head.md</c>).
/// Changed by <see cref="HeadMachine"/> alone.
/// </summary>
public sealed record VolumeHead
{
    /// <summary>Largest encoded head.</summary>
    public const int MaxEncodedBytes = 4096;

    /// <summary>Most manifests that wait to be condemned.</summary>
    public const int MaxOldManifests = 8;

    private static ReadOnlySpan<byte> Magic => "TIDEHED1"u8;

    /// <summary>The volume's lineage.</summary>
    public required LineageId Lineage { get; init; }

    /// <summary>Generation of the data key that new segments use, from 1.</summary>
    public required int KeyGeneration { get; init; }

    /// <summary>Changes when the head was rebuilt or a regression was found.</summary>
    public required long Incarnation { get; init; }

    /// <summary>Counts every change of the head.</summary>
    public required long Version { get; init; }

    /// <summary>Epoch that may commit; 0 before the first attach (I7).</summary>
    public required long Epoch { get; init; }

    /// <summary>Sequence of the last committed segment; 0 for none.</summary>
    public required long CommittedSequence { get; init; }

    /// <summary>Log position after it.</summary>
    public required long CommittedLogEnd { get; init; }

    /// <summary>Its digest.</summary>
    public required SegmentDigest TipDigest { get; init; }

    /// <summary>Size of the volume in bytes.</summary>
    public required long SizeBytes { get; init; }

    /// <summary>Own sequence through which <see cref="Root"/> holds everything.</summary>
    public required long BaseSequence { get; init; }

    /// <summary>Base root; null for all zero.</summary>
    public required PageRoot? Root { get; init; }

    /// <summary>Segments after the base root.</summary>
    public required Tail Tail { get; init; }

    /// <summary>Stored bytes of the own segments in the tail.</summary>
    public required long BytesSinceFold { get; init; }

    /// <summary>Root of the catalogue; null while it is empty.</summary>
    public required PageRoot? Catalogue { get; init; }

    /// <summary>Relocation table of the volume's own lineage; null before compaction has moved anything.</summary>
    public required PageRoot? Relocation { get; init; }

    /// <summary>Staging branch; null when nothing is staged.</summary>
    public required StagingBranch? Staging { get; init; }

    /// <summary>Number of the last fill that any staging branch of this volume had, before <see cref="Staging"/>.</summary>
    public long FillsEver { get; init; }

    /// <summary>First epoch of the branch that was published last: a log that is older is not the volume's, whatever it says besides; 0 for none.</summary>
    public long PublishedEpoch { get; init; }

    /// <summary>
    /// The newest manifest that a head of this volume named (<c>docs/formats/manifest.md</c>); null before the first.
    /// </summary>
    public SegmentIdentity? Manifest { get; init; }

    /// <summary>
    /// Manifests before it that the next change of the catalogue condemns, oldest first. Beyond <see cref="MaxOldManifests"/> the oldest is
    /// forgotten (<see cref="ForgottenManifests"/>).
    /// </summary>
    public ImmutableArray<SegmentIdentity> OldManifests { get; init; } = [];

    /// <summary>
    /// Newest manifest of the tail that the last fold shortened; the next fold accounts for it and those before. Null for none.
    /// </summary>
    public SegmentReference? RetiredTail { get; init; }

    /// <summary>Service's clock at the last commit; the epoch's start before the first.</summary>
    public required DateTimeOffset CommittedAt { get; init; }

    /// <summary>Host's clock at the last committed record; for display.</summary>
    public required DateTimeOffset HostTime { get; init; }

    /// <summary>
    /// The volume as it is at the head. A clone's reader needs the tables of its origins besides (<see cref="ImageDescriptor.At"/>).
    /// </summary>
    public ImageDescriptor ToImage() => new(SizeBytes, Root, Tail, Relocations);

    /// <summary>The volume as it was at a retained cut, read through the tables of today.</summary>
    public ImageDescriptor ToImage(SnapshotRecord cut) => cut.Image.At(Relocations);

    /// <summary>The tables that this head knows: none or its own.</summary>
    public IReadOnlyList<RelocationRoot> Relocations => Relocation is null ? [] : [new RelocationRoot(Lineage, Relocation)];

    /// <summary>The head with the name of a manifest of its own, for a change that brings none with its catalogue.</summary>
    public VolumeHead WithManifest(LineageSealer sealer)
    {
        if (Manifest?.Sequence == Version) return this;
        return WithManifest(sealer.NewIdentity(SegmentKind.Head, Version), []);
    }

    /// <summary>
    /// The head, not saved yet, under a version over <paramref name="claimed"/>: one that another save claimed and perhaps stored a manifest
    /// of (<c>docs/formats/manifest.md</c>, Claims).
    /// </summary>
    public VolumeHead Above(long claimed) => Version > claimed
        ? this
        : this with { Version = claimed + 1, Manifest = Manifest?.Sequence == Version ? Manifest with { Sequence = claimed + 1 } : Manifest };

    /// <summary>
    /// Manifests that <paramref name="before"/> names and this head, a successor without another catalogue, has no room for. Newer ones of them replace each; once
    /// this head is saved and its manifest stored they may go at once.
    /// </summary>
    public IReadOnlyList<SegmentIdentity> ForgottenManifests(VolumeHead before) =>
        Catalogue == before.Catalogue && Manifest is { } newest ? [.. before.OldManifests.Except(OldManifests).Where(manifest => manifest != newest)] : [];

    /// <summary>The head with a newer manifest; those before it wait to be condemned, but for <paramref name="condemned"/>.</summary>
    internal VolumeHead WithManifest(SegmentIdentity manifest, IReadOnlyList<SegmentIdentity> condemned)
    {
        var before = Manifest is null ? OldManifests : OldManifests.Add(Manifest);
        return this with { Manifest = manifest, OldManifests = [.. before.Except(condemned).TakeLast(MaxOldManifests)] };
    }

    /// <inheritdoc/>
    public bool Equals(VolumeHead? other) => other is not null && Encode().AsSpan().SequenceEqual(other.Encode());

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Lineage, Incarnation, Version, TipDigest);

    /// <summary>The head as bytes; never over <see cref="MaxEncodedBytes"/>.</summary>
    public byte[] Encode()
    {
        var owners = new OwnerTable();
        var body = new FormatWriter();
        body.U16(owners.Intern(Lineage));
        body.U32(KeyGeneration);
        body.I64(Incarnation);
        body.I64(Version);
        body.I64(Epoch);
        body.I64(CommittedSequence);
        body.I64(CommittedLogEnd);
        body.Bytes(TipDigest.Bytes);
        body.I64(BaseSequence);
        body.I64(BytesSinceFold);
        body.Time(CommittedAt);
        body.Time(HostTime);
        ToImage().Write(body, owners);
        PageRoot.WriteOptional(body, owners, Catalogue);
        StagingBranch.WriteOptional(body, owners, Staging);
        body.I64(FillsEver);
        body.I64(PublishedEpoch);
        body.Flag(Manifest is not null);
        Manifest?.Write(body, owners);
        body.U8((byte)OldManifests.Length);
        foreach (var old in OldManifests) old.Write(body, owners);
        SegmentReference.WriteOptional(body, owners, RetiredTail);
        var writer = new FormatWriter();
        writer.Bytes(Magic);
        owners.Write(writer);
        writer.Bytes(body.Written);
        return writer.Length <= MaxEncodedBytes
            ? writer.ToArray()
            : throw new InvalidOperationException($"The head of {Lineage} takes {writer.Length} bytes, over {MaxEncodedBytes}.");
    }

    /// <summary>Reads what <see cref="Encode"/> wrote; throws <see cref="CorruptDataException"/> for anything else.</summary>
    public static VolumeHead Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, "Volume head");
        if (bytes.Length > MaxEncodedBytes) throw reader.Corrupt($"{bytes.Length} bytes are over {MaxEncodedBytes}");
        reader.Expect(Magic, "head magic");
        var owners = OwnerTable.Read(ref reader);
        var lineage = owners.Get(ref reader, "lineage");
        var generation = reader.I32("key generation", 1, int.MaxValue);
        var incarnation = reader.I64("incarnation", 0, long.MaxValue);
        var version = reader.I64("version", 0, long.MaxValue);
        var epoch = reader.I64("epoch", 0, long.MaxValue);
        var sequence = reader.I64("committed sequence", 0, long.MaxValue);
        var logEnd = reader.I64("committed log end", 0, long.MaxValue);
        var digest = new SegmentDigest(reader.Bytes(SegmentDigest.LengthBytes, "tip digest"));
        var baseSequence = reader.I64("base sequence", 0, sequence);
        var bytesSinceFold = reader.I64("bytes since fold", 0, long.MaxValue);
        var committedAt = reader.Time("commit time");
        var hostTime = reader.Time("host time");
        var image = ImageDescriptor.Read(ref reader, owners);
        var catalogue = PageRoot.ReadOptional(ref reader, owners, SegmentKind.Catalogue, CataloguePage.MaxLevel);
        var staging = StagingBranch.ReadOptional(ref reader, owners);
        var fillsEver = reader.I64("fills ever", 0, long.MaxValue);
        var publishedEpoch = reader.I64("published epoch", 0, epoch);
        var manifest = reader.Flag("manifest flag") ? ReadManifest(ref reader, owners) : null;
        var oldCount = reader.U8("old manifest count");
        if (oldCount > MaxOldManifests) throw reader.Corrupt($"{oldCount} old manifests are over {MaxOldManifests}");
        var old = ImmutableArray.CreateBuilder<SegmentIdentity>(oldCount);
        for (var i = 0; i < oldCount; i++) old.Add(ReadManifest(ref reader, owners));
        var retiredTail = SegmentReference.ReadOptional(ref reader, owners, SegmentKind.Tail);
        reader.End();
        if (staging is not null && (staging.Sequence < sequence || staging.Fills < fillsEver || staging.FirstEpoch > epoch))
            throw reader.Corrupt($"its staging branch is at sequence {staging.Sequence}, fill {staging.Fills} and epoch {staging.FirstEpoch}, which does not fit the head");
        if (image.Relocations.Any(relocation => relocation.Lineage != lineage))
            throw reader.Corrupt("it names the relocation table of another lineage");
        return new VolumeHead
        {
            Lineage = lineage,
            KeyGeneration = generation,
            Incarnation = incarnation,
            Version = version,
            Epoch = epoch,
            CommittedSequence = sequence,
            CommittedLogEnd = logEnd,
            TipDigest = digest,
            SizeBytes = image.SizeBytes,
            BaseSequence = baseSequence,
            Root = image.Root,
            Tail = image.Tail,
            BytesSinceFold = bytesSinceFold,
            Catalogue = catalogue,
            Relocation = image.Relocations.Count == 0 ? null : image.Relocations[0].Root,
            Staging = staging,
            FillsEver = fillsEver,
            PublishedEpoch = publishedEpoch,
            Manifest = manifest,
            OldManifests = old.MoveToImmutable(),
            RetiredTail = retiredTail,
            CommittedAt = committedAt,
            HostTime = hostTime,
        };
    }

    private static SegmentIdentity ReadManifest(ref FormatReader reader, OwnerTable owners)
    {
        var manifest = SegmentIdentity.Read(ref reader, owners);
        return manifest.Kind == SegmentKind.Head
            ? manifest
            : throw reader.Corrupt($"a {manifest.Kind} segment stands where a manifest belongs");
    }
}
