namespace Tidegate.GatewayAgent.Devices;

/// <summary>What a dirty map says apart from its bits (<c>docs/formats/dirty-map.md</c>).</summary>
/// <param name="Reason">Why blocks are tracked; none when they are not.</param>
/// <param name="IsWhole">True when every block is dirty.</param>
/// <param name="Round">Counts beginnings of tracking.</param>
/// <param name="BaseSequence">The image that the bits are relative to, or any later one.</param>
/// <param name="SinceTicks">When tracking began, UTC.</param>
/// <param name="Copied">What a branch holds of it.</param>
internal readonly record struct DirtyHeader(
    DirtyReason Reason, bool IsWhole, uint Round, long BaseSequence, long SinceTicks, CopiedPart Copied);
