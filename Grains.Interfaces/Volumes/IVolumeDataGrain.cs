using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>The agent's side of a volume: attach, tickets, commits (<c>docs/protocols/volume-data.md</c>). Key: volume id; the grain compares the caller's gateway with its own.</summary>
[GrainInterfaceType("tidegate.volume-data"), Alias("tidegate.volume-data")]
[KeyBelongsTo(KeyOwner.CheckedByGrain, ResourceKind.Volume)]
public interface IVolumeDataGrain : IGrainWithStringKey
{
    /// <summary>Acquires a new epoch. Refused with <c>Diverged</c> unless the log continues the head (M2.7, I7).</summary>
    [ReachableBy(Role.Agent), Alias("attach")]
    Task<AttachReply> Attach(AttachRequest request);

    /// <summary>Issues create-only tickets for segments of this epoch. At most 32 a call; each is good for 60 s.</summary>
    [ReachableBy(Role.Agent), AlwaysInterleave, Alias("write-tickets")]
    Task<IReadOnlyList<BlobTicket>> GetWriteTickets(long epoch, IReadOnlyList<string> blobKeys);

    /// <summary>Issues read tickets for blobs this volume reaches. At most 64 a call; each is good for 5 minutes.</summary>
    [ReachableBy(Role.Agent), AlwaysInterleave, Alias("read-tickets")]
    Task<IReadOnlyList<BlobTicket>> GetReadTickets(IReadOnlyList<string> blobKeys);

    /// <summary>Commits uploaded segments in order, in one save (I3, I7, I8). Repeating a commit is harmless.</summary>
    [ReachableBy(Role.Agent), Alias("commit")]
    Task<CommitReply> Commit(CommitRequest request);

    /// <summary>
    /// Commits uploaded fills to the volume's staging branch, in order, in one save. They supply only what no log segment of the branch touches. Repeating
    /// a commit is harmless. Refused with <c>StaleEpoch</c> when there is no branch (any more).
    /// </summary>
    [ReachableBy(Role.Agent), Alias("commit-fills")]
    Task<StagingStanding> CommitFills(FillCommitRequest request);

    /// <summary>
    /// Makes the staging branch the volume, in one save; snapshots that waited for it complete. Refused with <c>CommitRefused</c>, saying what is missing,
    /// unless the branch is exactly what is declared. Repeating it is harmless. How far its log is committed an agent hears from its own commits alone.
    /// </summary>
    [ReachableBy(Role.Agent), AlwaysInterleave, Alias("publish-staging")]
    Task PublishStaging(StagingPublishRequest request);

    /// <summary>What a restoring agent reads from: the image the volume started from. Empty image for an empty volume.</summary>
    [ReachableBy(Role.Agent), AlwaysInterleave, Alias("image")]
    Task<VolumeImageReply> GetImage();

    /// <summary>What an agent serves a completed snapshot of the volume from, read-only. Throws <c>NotFound</c>.</summary>
    [ReachableBy(Role.Agent), AlwaysInterleave, Alias("snapshot-image")]
    Task<VolumeImageReply> GetSnapshotImage(string snapshotId);
}
