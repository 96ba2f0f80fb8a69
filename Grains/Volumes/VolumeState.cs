using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Volumes.Copies;

namespace Tidegate.Grains.Volumes;

/// <summary>Saved state of a volume: everything that grows with it is in blobs that the head names.</summary>
[GenerateSerializer, Alias("tidegate.state.volume")]
internal sealed record VolumeState : AggregateState
{
    /// <summary>What was asked for, with the size it got; null while the volume does not exist.</summary>
    [Id(0)] public VolumeSpecification? Specification { get; init; }

    /// <summary>Service time of creation, or of the intention to create.</summary>
    [Id(1)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The head (<c>docs/formats/head.md</c>); empty while creation is only intended.</summary>
    [Id(2)] public byte[] Head { get; init; } = [];

    /// <summary>Keyring: own keys first, then those of every lineage the head reaches; at most <see cref="VolumeMachine.MaxKeys"/>.</summary>
    [Id(3)] public WrappedLineageKey[] Keys { get; init; } = [];

    /// <summary>Image the volume started from (<c>docs/formats/image.md</c>); empty for an empty volume.</summary>
    [Id(4)] public byte[] OriginImage { get; init; } = [];

    /// <summary>Snapshots under way; at most <see cref="VolumeMachine.MaxPendingSnapshots"/>.</summary>
    [Id(5)] public PendingSnapshot[] Snapshots { get; init; } = [];

    /// <summary>True when the gateway has the volume in its desired configuration.</summary>
    [Id(6)] public bool IsAttached { get; init; }

    /// <summary>When it was deleted; its snapshots stay readable.</summary>
    [Id(7)] public DateTimeOffset? DeletedAt { get; init; }

    /// <summary>True when, after deletion, gateway and name have let go of it.</summary>
    [Id(8)] public bool IsReleased { get; init; }

    /// <summary>What of its past is kept; null for the default (<see cref="VolumeMachine.DefaultRetention"/>).</summary>
    [Id(9)] public VolumeRetention? Retention { get; init; }

    /// <summary>When its keys were erased: nothing that it stored can be read any more.</summary>
    [Id(10)] public DateTimeOffset? ErasedAt { get; init; }

    /// <summary>True when, after erasure, its blobs are gone from the bucket.</summary>
    [Id(11)] public bool IsPurged { get; init; }

    /// <summary>When its erasure was asked for and confirmed: it goes on until <see cref="ErasedAt"/>, and nothing new may need the keys.</summary>
    [Id(18)] public DateTimeOffset? ErasureBegunAt { get; init; }

    /// <summary>How far the scrub of it is, and what the last one found; null before the first.</summary>
    [Id(12)] public ScrubState? Scrub { get; init; }

    /// <summary>True when, after deletion, nothing of it is held any more: no frame, snapshot, clone or lease.</summary>
    [Id(13)] public bool IsDrained { get; init; }

    /// <summary>True when, after that, its origin was told.</summary>
    [Id(14)] public bool IsOriginReleased { get; init; }

    /// <summary>When its accounting was last held against a walk; null before the first.</summary>
    [Id(15)] public DateTimeOffset? AuditedAt { get; init; }

    /// <summary>The last blobs of a drained volume, to be deleted once their grace is over; at most 64.</summary>
    [Id(16)] public string[] Remnants { get; init; } = [];

    /// <summary>The recovery point that it began as; null for another beginning.</summary>
    [Id(19)] public RestoredPoint? RestoredPoint { get; init; }

    /// <summary>
    /// When the head was last rebuilt; null when never. What it condemned before counts as condemned then: backups of the time in between may
    /// name it.
    /// </summary>
    [Id(21)] public DateTimeOffset? RebuiltAt { get; init; }

    /// <summary>
    /// The highest version that a save claimed before it stored its manifest (<c>docs/formats/manifest.md</c>, Claims); meaningless when the
    /// head's is higher.
    /// </summary>
    [Id(20)] public long ClaimedVersion { get; init; }

    /// <summary>What is copied into it, for the lineage of a copied snapshot; null for a volume.</summary>
    [Id(22)] public CopyState? Copy { get; init; }

    /// <summary>When they were condemned.</summary>
    [Id(17)] public DateTimeOffset RemnantsAt { get; init; }

    /// <summary>How old its newest recovery point may grow, in seconds; 0 for the default.</summary>
    [Id(23)] public int RecoveryPointObjectiveSeconds { get; init; }
}
