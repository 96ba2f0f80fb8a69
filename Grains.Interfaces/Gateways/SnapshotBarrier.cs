using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Where in the volume's write order a snapshot's point lies, durable in the agent's log when this is sent.</summary>
/// <param name="SnapshotId">The snapshot.</param>
/// <param name="Epoch">Epoch of the log; 0 when the agent has not attached yet.</param>
/// <param name="LogPosition">End of the log prefix that the snapshot holds.</param>
/// <param name="IsWaiting">True in pass-through, catching-up and bootstrapping: the point is the end of the publication.</param>
[GenerateSerializer, Immutable, Alias("tidegate.snapshot-barrier")]
public sealed record SnapshotBarrier(
    [property: Id(0)] string SnapshotId,
    [property: Id(1)] long Epoch,
    [property: Id(2)] long LogPosition,
    [property: Id(3)] bool IsWaiting) : RequestResult
{
    /// <summary>Whether applications were frozen when it was taken.</summary>
    [Id(4)] public SnapshotConsistency Consistency { get; init; }

    /// <summary>What went wrong with the freeze or thaw commands, for people; empty when nothing did or there are none.</summary>
    [Id(5)] public string HookFailure { get; init; } = "";
}
