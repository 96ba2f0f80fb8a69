using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;
using Tidegate.Grains.Volumes;

namespace Tidegate.Grains.Snapshots.Offers;

/// <summary>
/// What an offer may become (<c>docs/formats/copy.md</c>). Pure. Invariants: it is accepted once at most, by one copy, and never after its expiry or
/// revocation; once <see cref="Conclude"/> has let the copy complete its owner cannot take that back, and once it is revoked nothing completes.
/// </summary>
internal static class SnapshotOfferMachine
{
    /// <summary>Shortest time to accept in.</summary>
    public static readonly TimeSpan MinValidity = TimeSpan.FromMinutes(1);

    /// <summary>Longest time to accept in.</summary>
    public static readonly TimeSpan MaxValidity = TimeSpan.FromDays(90);

    /// <summary>Longest reason that is kept.</summary>
    public const int MaxReasonLength = 200;

    /// <summary>Makes the offer of a snapshot, which is the caller's; the same again changes nothing.</summary>
    public static Change<SavedOffer, SavedOffer> Make(SavedOffer state, SnapshotOfferRequest request, SnapshotDescription snapshot, DateTimeOffset now)
    {
        if (state.Request is { } known)
        {
            if (known == request) return Change.Keep(state);
            throw new TidegateException(ErrorCodes.InvalidState, "The offer exists with other terms.", "Use a fresh id or idempotency key.");
        }

        if (!ResourceId.IsValid(ResourceKind.Account, request.ToAccountId)) throw Arguments.Invalid($"'{request.ToAccountId}' is no account id: twelve digits.");
        if (request.Validity < MinValidity || request.Validity > MaxValidity)
            throw Arguments.Invalid($"An offer is valid for {MinValidity.TotalMinutes} minute to {MaxValidity.TotalDays} days.");
        if (snapshot.State != SnapshotState.Completed)
            throw new TidegateException(ErrorCodes.InvalidState, $"Snapshot {snapshot.SnapshotId} is not complete.", "Wait until it is complete, then offer it.");
        var made = state with { Request = request, Snapshot = snapshot, CreatedAt = now, ExpiresAt = now + request.Validity };
        return Change.To(made, new DomainEvent("snapshot-offer.made", new { request.SnapshotId, request.ToAccountId, made.ExpiresAt }));
    }

    /// <summary>Accepts it for a copy with these ids; one that was accepted stays as it is.</summary>
    public static Change<SavedOffer, SavedOffer> Accept(SavedOffer state, string copyId, string snapshotId, string description, DateTimeOffset now)
    {
        if (state.CopyId.Length > 0 && state.Stage != SnapshotOfferState.Revoked) return Change.Keep(state);
        if (state.Stage == SnapshotOfferState.Revoked) throw Refused("The offer was revoked by its owner.");
        if (IsExpired(state, now)) throw Refused($"The offer expired at {state.ExpiresAt.UtcDateTime:O}.");
        Arguments.Text(description, "description", VolumeMachine.MaxDescriptionLength);
        return Change.To(
            state with { Stage = SnapshotOfferState.Accepted, CopyId = copyId, CopySnapshotId = snapshotId, CopyDescription = description },
            new DomainEvent("snapshot-offer.accepted", new { state.Request!.SnapshotId, state.Request.ToAccountId }));
    }

    /// <summary>The copy has taken note.</summary>
    public static Change<SavedOffer, SavedOffer> CopyBegun(SavedOffer state) =>
        state.IsCopyBegun ? Change.Keep(state) : Change.To(state with { IsCopyBegun = true });

    /// <summary>Nobody has accepted it in time.</summary>
    public static Change<SavedOffer, SavedOffer> Expire(SavedOffer state, DateTimeOffset now) => state.Stage == SnapshotOfferState.Open && IsExpired(state, now)
        ? Change.To(state with { Stage = SnapshotOfferState.Expired }, new DomainEvent("snapshot-offer.expired"))
        : Change.Keep(state);

    /// <summary>Takes it back, or, when it has ended, out of the list.</summary>
    public static Change<SavedOffer, SavedOffer> Revoke(SavedOffer state) => state switch
    {
        { Stage: SnapshotOfferState.Open or SnapshotOfferState.Accepted } =>
            Change.To(state with { Stage = SnapshotOfferState.Revoked, IsRemoved = true }, new DomainEvent("snapshot-offer.revoked")),
        { IsRemoved: false } => Change.To(state with { IsRemoved = true }, new DomainEvent("snapshot-offer.removed")),
        _ => Change.Keep(state),
    };

    /// <summary>Why a copy may not go on; null when it may.</summary>
    public static string? RefusalOf(SavedOffer state, string copyId) => state switch
    {
        { Stage: SnapshotOfferState.Revoked } => "The offer was revoked by its owner.",
        { Stage: SnapshotOfferState.Accepted or SnapshotOfferState.Completed } when state.CopyId == copyId => null,
        _ => "There is no such offer.",
    };

    /// <summary>The copy has everything: what it saves next completes it. The answer is why it may not; null when it may.</summary>
    public static Change<SavedOffer, string?> Conclude(SavedOffer state, string copyId)
    {
        var refusal = RefusalOf(state, copyId);
        return refusal is not null || state.Stage == SnapshotOfferState.Completed
            ? Change.None(state, refusal)
            : new Change<SavedOffer, string?>(state with { Stage = SnapshotOfferState.Completed }, null, new DomainEvent("snapshot-offer.completed"));
    }

    /// <summary>The copy has ended without completing.</summary>
    public static Change<SavedOffer, SavedOffer> Fail(SavedOffer state, string copyId, string reason) => state.Stage is SnapshotOfferState.Accepted or SnapshotOfferState.Completed && state.CopyId == copyId
        ? Change.To(
            state with { Stage = SnapshotOfferState.Failed, FailureReason = reason[..Math.Min(reason.Length, MaxReasonLength)] },
            new DomainEvent("snapshot-offer.failed", new { reason = reason[..Math.Min(reason.Length, MaxReasonLength)] }))
        : Change.Keep(state);

    /// <summary>The state that an offer shows at a time.</summary>
    public static SnapshotOfferState StateOf(SavedOffer state, DateTimeOffset now) =>
        state.Stage == SnapshotOfferState.Open && IsExpired(state, now) ? SnapshotOfferState.Expired : state.Stage;

    private static bool IsExpired(SavedOffer state, DateTimeOffset now) => state.Stage == SnapshotOfferState.Expired || now >= state.ExpiresAt;

    private static TidegateException Refused(string message) => new(ErrorCodes.InvalidState, message, "Ask its owner for another offer.");
}
