namespace Tidegate.Cli.Store;

/// <summary>Everything <c>store inspect VOLUME</c> tells.</summary>
internal sealed record InspectView(
    string Volume,
    string Manifest,
    HeadView Head,
    IReadOnlyList<string> Keys,
    IReadOnlyList<StoredSnapshotView> Snapshots,
    IReadOnlyList<TailSegmentView> Tail,
    IReadOnlyList<BlobFolderView> Blobs,
    IReadOnlyList<RecordView>? Catalogue,
    IReadOnlyList<DamageView> Damages);
