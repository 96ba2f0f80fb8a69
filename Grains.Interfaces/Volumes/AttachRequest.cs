namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>Where an agent's log stands when it asks for a new epoch (blockstore design, Attach).</summary>
/// <param name="LastEpoch">Epoch of the last segment this log sealed; 0 for a new log.</param>
/// <param name="LastSequence">Sequence this log believes committed; 0 for none.</param>
/// <param name="LastDigest">Digest of that sequence; empty for none.</param>
/// <param name="CommittedLogEnd">Log end this log believes committed.</param>
/// <param name="StoreSizeBytes">Size of the local store.</param>
/// <param name="Seals">The log's own seal records after <paramref name="LastSequence"/>, oldest first: the head may be among them when replies were lost.</param>
[GenerateSerializer, Immutable, Alias("tidegate.attach-request")]
public sealed record AttachRequest(
    [property: Id(0)] long LastEpoch,
    [property: Id(1)] long LastSequence,
    [property: Id(2)] byte[] LastDigest,
    [property: Id(3)] long CommittedLogEnd,
    [property: Id(4)] long StoreSizeBytes,
    [property: Id(5)] IReadOnlyList<SealSummary> Seals)
{
    /// <summary>What the agent noted of the store at its last clean stop; null when it did not stop cleanly, or never before.</summary>
    [Id(6)]
    public StoreStamp? StoreAtStop { get; init; }

    /// <summary>What the store was when this process opened it; another than at the stop means that somebody else wrote to it.</summary>
    [Id(7)]
    public StoreStamp? StoreAtStart { get; init; }

    /// <summary>True when the agent knows that the store is not what log and image say: adopted with data, or written past the log.</summary>
    [Id(8)]
    public bool IsStoreChanged { get; init; }

    /// <summary>
    /// Where the log goes on after writes that went past it, or after somebody else's; what of it was not committed before that is given up. Null
    /// when the log has no gap.
    /// </summary>
    [Id(9)]
    public long? LogResumesAt { get; init; }
}
