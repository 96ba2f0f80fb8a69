using System.Globalization;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Cli.Store;

/// <summary>Collects what the bucket says of one volume.</summary>
internal static class VolumeInspection
{
    public static async Task<InspectView> ReadAsync(Bucket bucket, StoredVolume stored, bool withCatalogue, CancellationToken cancellationToken) => new(
        stored.Lineage.ToString(),
        stored.ManifestKey,
        HeadOf(stored.Manifest.Head),
        [.. stored.Manifest.Keys.Select(key => $"{key.Owner} generation {key.Generation}")],
        await stored.OpenCatalogue().ListSnapshotsAsync(cancellationToken)
            .Select(s => new StoredSnapshotView(s.SnapshotId, s.Sequence, s.CommittedAt, s.HostTime, s.Image.SizeBytes, s.Image.Tail.Count))
            .OrderBy(s => s.Sequence).ToListAsync(cancellationToken),
        await TailAsync(stored, cancellationToken),
        await BlobsAsync(bucket, stored, cancellationToken),
        withCatalogue ? await RecordsAsync(stored, cancellationToken) : null,
        [.. stored.Damages.Select(DamageView.Of)]);

    private static HeadView HeadOf(VolumeHead head) => new(
        head.Version,
        head.Incarnation,
        head.Epoch,
        head.CommittedSequence,
        head.CommittedLogEnd,
        head.TipDigest.ToString(),
        head.KeyGeneration,
        head.SizeBytes,
        head.BaseSequence,
        NameOf(head.Root),
        NameOf(head.Catalogue),
        NameOf(head.Relocation),
        head.CommittedAt,
        head.HostTime);

    private static string? NameOf(PageRoot? root) => root is null ? null : $"level {root.Level}, frame {root.Page.Index} of {root.Page.Segment.Identity.BlobKey}";

    private static async Task<IReadOnlyList<TailSegmentView>> TailAsync(StoredVolume stored, CancellationToken cancellationToken)
    {
        var committed = await TailManifest.LoadAsync(stored.Segments, stored.Manifest.Head.Tail, cancellationToken);
        var views = committed.Select(entry => ViewOf(entry.Segment, entry.LogEnd, entry.FrameBytes, entry.HostTime, false));
        return [.. views, .. stored.Followed.Select(one => ViewOf(one.Reference, one.Header.LogEnd, one.FrameBytes, one.Header.HostTimeEnd, true))];
    }

    private static TailSegmentView ViewOf(SegmentReference segment, long logEnd, long frameBytes, DateTimeOffset hostTime, bool isAfterManifest) => new(
        segment.Identity.BlobKey, segment.Identity.Epoch, segment.Identity.Sequence, logEnd, segment.LengthBytes, frameBytes, hostTime, isAfterManifest);

    private static async Task<IReadOnlyList<BlobFolderView>> BlobsAsync(Bucket bucket, StoredVolume stored, CancellationToken cancellationToken)
    {
        var kinds = new SortedDictionary<string, (long Blobs, long Bytes)>(StringComparer.Ordinal);
        await foreach (var entry in bucket.Blobs.ListAsync($"{stored.Lineage}/", cancellationToken))
        {
            var folder = entry.Key.Split('/')[2];
            var kind = long.TryParse(folder, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _) ? "data" : folder;
            var (blobs, bytes) = kinds.GetValueOrDefault(kind);
            kinds[kind] = (blobs + 1, bytes + entry.LengthBytes);
        }
        return [.. kinds.Select(kind => new BlobFolderView(kind.Key, kind.Value.Blobs, kind.Value.Bytes))];
    }

    private static async Task<IReadOnlyList<RecordView>> RecordsAsync(StoredVolume stored, CancellationToken cancellationToken)
    {
        var catalogue = stored.OpenCatalogue();
        var records = new List<RecordView>();
        if (await catalogue.GetWindowAsync(cancellationToken) is { } window) records.Add(new RecordView("window", "", Words($"from sequence {window.FromSequence}, {window.FromTime:O}")));
        await foreach (var snapshot in catalogue.ListSnapshotsAsync(cancellationToken))
            records.Add(new RecordView("snapshot", snapshot.SnapshotId, Words($"sequence {snapshot.Sequence}, log end {snapshot.LogEnd}, committed {snapshot.CommittedAt:O}, {snapshot.Image.Tail.Count} segments in its tail")));
        await foreach (var pin in catalogue.ListPinsAsync(cancellationToken))
            records.Add(new RecordView("pin", pin.CloneVolumeId, Words($"snapshot {pin.SnapshotId}, sequence {pin.Sequence}, since {pin.CreatedAt:O}, {(pin.IsConfirmed ? "confirmed" : "not confirmed")}")));
        await foreach (var tombstone in catalogue.ListTombstonesAsync(cancellationToken: cancellationToken))
            records.Add(new RecordView("tombstone", tombstone.BlobKey, Words($"condemned {tombstone.CondemnedAt:O} at version {tombstone.Version}")));
        await foreach (var life in catalogue.ListLivesAsync(cancellationToken))
            records.Add(new RecordView("life", life.Segment.Identity.BlobKey, Words($"{life.LiveBytes} of {life.TotalBytes} bytes live, {life.HeldBytes} held in {life.DeadLists} dead lists")));
        await foreach (var death in catalogue.ListDeathsAsync(cancellationToken))
            records.Add(new RecordView("deaths", Words($"born {death.Birth}, died {death.Death}"), Words($"{death.Bytes} bytes in {death.Frames} frames of {death.Kind} segment {death.SegmentSequence:x16}-{death.SegmentNonce}")));
        await foreach (var subtree in catalogue.ListSubtreesAsync(cancellationToken))
            records.Add(new RecordView("dead subtree", Words($"page {subtree.Number} of level {subtree.Level}"), Words($"died {subtree.Death}, frame {subtree.Page.Index} of {subtree.Page.Segment.Identity.BlobKey}")));
        return records;
    }

    private static string Words(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
