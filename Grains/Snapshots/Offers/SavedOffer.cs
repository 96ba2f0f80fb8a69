using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Grains.Snapshots.Offers;

/// <summary>Saved state of an offer of a snapshot to an account.</summary>
[GenerateSerializer, Alias("tidegate.state.snapshot-offer")]
internal sealed record SavedOffer : AggregateState
{
    /// <summary>What was asked for; null while the offer does not exist.</summary>
    [Id(0)] public SnapshotOfferRequest? Request { get; init; }

    /// <summary>The snapshot as it was when it was offered, which it stays.</summary>
    [Id(1)] public SnapshotDescription? Snapshot { get; init; }

    /// <summary>How far it is.</summary>
    [Id(2)] public SnapshotOfferState Stage { get; init; }

    /// <summary>When it was made.</summary>
    [Id(3)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it can be accepted no more.</summary>
    [Id(4)] public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Id of the copy, once accepted.</summary>
    [Id(5)] public string CopyId { get; init; } = "";

    /// <summary>Id that the copy's snapshot will have.</summary>
    [Id(6)] public string CopySnapshotId { get; init; } = "";

    /// <summary>What the copy's owner wants to read at its snapshot.</summary>
    [Id(7)] public string CopyDescription { get; init; } = "";

    /// <summary>True when the copy knows of its beginning.</summary>
    [Id(8)] public bool IsCopyBegun { get; init; }

    /// <summary>Why the copy failed.</summary>
    [Id(9)] public string FailureReason { get; init; } = "";

    /// <summary>True when its owner wants to see it in the list no more.</summary>
    [Id(10)] public bool IsRemoved { get; init; }
}
