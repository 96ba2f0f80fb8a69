using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Grains.Volumes.Copies;

/// <summary>What a volume that is the lineage of a copied snapshot keeps of the copying. How far it is, its head says.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.state.copy")]
internal sealed record CopyState
{
    /// <summary>What is copied from where.</summary>
    [Id(0)] public required CopyRequest Request { get; init; }

    /// <summary>How far it is.</summary>
    [Id(1)] public SnapshotCopyState Stage { get; init; }

    /// <summary>Bytes of data that were copied, before compression.</summary>
    [Id(2)] public long CopiedBytes { get; init; }

    /// <summary>When it ended.</summary>
    [Id(3)] public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it failed.</summary>
    [Id(4)] public string FailureReason { get; init; } = "";

    /// <summary>True when the offer knows of its end.</summary>
    [Id(5)] public bool IsTold { get; init; }

    /// <summary>True when its owner wants to see it in the list no more.</summary>
    [Id(6)] public bool IsRemoved { get; init; }
}
