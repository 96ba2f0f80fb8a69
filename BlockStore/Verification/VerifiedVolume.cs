namespace Tidegate.BlockStore.Verification;

/// <summary>What was verified of one volume.</summary>
/// <param name="Lineage">The volume.</param>
/// <param name="ManifestKey">Manifest that was started from.</param>
/// <param name="Version">Version of its head.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Sequence">Sequence of the newest point, segments after the manifest included.</param>
/// <param name="FollowedSegments">Segments found after the manifest.</param>
/// <param name="Snapshots">Snapshots in its catalogue.</param>
public sealed record VerifiedVolume(
    LineageId Lineage, string ManifestKey, long Version, long Epoch, long Sequence, int FollowedSegments, int Snapshots);
