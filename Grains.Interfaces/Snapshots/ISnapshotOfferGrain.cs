using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Interfaces.Snapshots;

/// <summary>
/// An offer of a snapshot to one account, which may copy it (<c>docs/formats/copy.md</c>). Key: offer id. To every other account it does not
/// exist (I10).
/// </summary>
[GrainInterfaceType("tidegate.snapshot-offer"), Alias("tidegate.snapshot-offer")]
[KeyBelongsTo(KeyOwner.CheckedByGrain, ResourceKind.Offer)]
public interface ISnapshotOfferGrain : IGrainWithStringKey
{
    /// <summary>
    /// Makes the offer; idempotent for equal requests. Throws <c>NotFound</c> when the snapshot is not the caller's, <c>InvalidState</c> when it is not
    /// complete, and <c>InvalidArgument</c>.
    /// </summary>
    [Alias("make")]
    Task<SnapshotOfferDescription> Make(SnapshotOfferRequest request);

    /// <summary>The offer, for its two accounts. Throws <c>NotFound</c>.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Reader), AlwaysInterleave, Alias("describe")]
    Task<SnapshotOfferDescription> Describe();

    /// <summary>
    /// Accepts the offer for the account that it was made to, and begins the copy under these ids. Accepted again it answers with the copy that
    /// there is. Throws <c>NotFound</c>, and <c>InvalidState</c> when it was revoked or has expired.
    /// </summary>
    [Alias("accept")]
    Task<SnapshotCopyDescription> Accept(string copyId, string snapshotId, string description);

    /// <summary>
    /// Takes the offer back: it cannot be accepted, and a copy that is being made fails. One that has ended leaves the list; a copy that is complete
    /// stays. Idempotent.
    /// </summary>
    [ReachableBy(Role.AccountAdmin), Alias("revoke")]
    Task Revoke();
}
