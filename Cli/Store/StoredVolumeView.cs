namespace Tidegate.Cli.Store;

/// <summary>A volume in the list of <c>store inspect</c>.</summary>
/// <param name="Volume"><c>account/volume</c>.</param>
/// <param name="Manifest">Its newest manifest; null when none opens.</param>
/// <param name="SizeBytes">Its size.</param>
/// <param name="Sequence">Its newest point.</param>
/// <param name="RecoveryPointAt">When that was stored.</param>
/// <param name="Snapshots">How many snapshots it has.</param>
/// <param name="Problem">Why it cannot be read; null when it can.</param>
internal sealed record StoredVolumeView(
    string Volume, string? Manifest, long? SizeBytes, long? Sequence, DateTimeOffset? RecoveryPointAt, int? Snapshots, string? Problem);
