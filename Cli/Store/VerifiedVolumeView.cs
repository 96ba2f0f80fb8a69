namespace Tidegate.Cli.Store;

/// <summary>A volume that was verified.</summary>
internal sealed record VerifiedVolumeView(string Volume, string Manifest, long Version, long Epoch, long Sequence, int FollowedSegments, int Snapshots);
