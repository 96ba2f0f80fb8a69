namespace Tidegate.BlockStore.Reclaim;

/// <summary>A lease of that id holds another image of the volume: renewing it would not keep the one that was asked for.</summary>
public sealed class LeaseTakenException(LineageId lineage, string leaseId) : Exception($"Lease {leaseId} of {lineage} is on another snapshot.");
