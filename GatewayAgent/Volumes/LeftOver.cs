namespace Tidegate.GatewayAgent.Volumes;

/// <summary>Files that no volume of the gateway uses any more, and that nobody but an operator removes.</summary>
/// <param name="VolumeId">The volume that they were of.</param>
/// <param name="Why">Why they are left over, for people.</param>
/// <param name="Files">Their names in the volume's directory.</param>
/// <param name="SizeBytes">Their sizes together; holes count.</param>
internal sealed record LeftOver(string VolumeId, string Why, IReadOnlyList<string> Files, long SizeBytes);
