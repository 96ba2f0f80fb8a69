namespace Tidegate.Cli.Store;

/// <summary>A snapshot in a catalogue.</summary>
internal sealed record StoredSnapshotView(string SnapshotId, long Sequence, DateTimeOffset CommittedAt, DateTimeOffset HostTime, long SizeBytes, int TailSegments);
