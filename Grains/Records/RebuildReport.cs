namespace Tidegate.Grains.Records;

/// <summary>What came back.</summary>
/// <param name="Restored">How many of each kind of grain.</param>
/// <param name="AuditEntries">Entries of the audit log.</param>
/// <param name="FollowedSegments">Segments that were found after volumes' newest manifests.</param>
/// <param name="Problems">What did not come back, or not as it was, each in a sentence.</param>
public sealed record RebuildReport(
    IReadOnlyDictionary<string, int> Restored, long AuditEntries, long FollowedSegments, IReadOnlyList<string> Problems);
