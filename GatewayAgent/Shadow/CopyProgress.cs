namespace Tidegate.GatewayAgent.Shadow;

/// <summary>How far the copying of dirty blocks is.</summary>
/// <param name="CopiedBytes">Bytes of dirty blocks in the branch; those of holes and zeroes among them.</param>
/// <param name="LeftBytes">Bytes of dirty blocks that are not.</param>
/// <param name="Remaining">Estimate of the time for those, by what the last copies took; null while nothing is copied.</param>
internal sealed record CopyProgress(long CopiedBytes, long LeftBytes, TimeSpan? Remaining);
