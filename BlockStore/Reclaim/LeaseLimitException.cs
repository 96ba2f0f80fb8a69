namespace Tidegate.BlockStore.Reclaim;

/// <summary>A volume has as many leases as it may (<see cref="ReadLeases.Most"/>).</summary>
public sealed class LeaseLimitException(LineageId lineage)
    : InvalidOperationException($"{lineage} has {ReadLeases.Most} readers that hold leases. One must end, or run out, first.");
