namespace Tidegate.BlockStore.Heads;

/// <summary>A refused change: why, and what to tell the caller.</summary>
public sealed record HeadRefusal(HeadRefusalReason Reason, string Message);
