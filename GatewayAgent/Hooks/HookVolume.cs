namespace Tidegate.GatewayAgent.Hooks;

/// <summary>A volume whose snapshot is about to be taken, as hooks are told of it.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="Name">Its name.</param>
/// <param name="SnapshotId">The snapshot.</param>
internal sealed record HookVolume(string VolumeId, string Name, string SnapshotId);
