using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Volumes.Copies;

/// <summary>
/// What the state of a volume may become that is the lineage of a copied snapshot (<c>docs/formats/copy.md</c>). Pure. Invariants: it is nobody's volume,
/// neither served nor listed; the save that commits the last segment completes the snapshot and deletes the volume around it; one that ends otherwise is
/// erased, having never had a snapshot; what has ended does not change any more.
/// </summary>
internal static class CopyMachine
{
    private const int MaxReasonLength = 200;

    private static readonly VolumeRetention NoPast = new(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);

    /// <summary>Begins the copy in a lineage that has nothing yet; the same again changes nothing.</summary>
    public static Change<VolumeState, VolumeState> Begin(
        VolumeState state, CopyRequest request, VolumeHead head, IReadOnlyList<WrappedLineageKey> keys, DateTimeOffset now)
    {
        if (state.Copy?.Request == request) return Change.Keep(state);
        if (state.Specification is not null) throw new TidegateException(ErrorCodes.InvalidState, "The id is another volume's.", "Accept the offer with fresh ids.");
        var begun = state with
        {
            Specification = new VolumeSpecification(request.AccountId, "", "", request.SizeBytes, ""),
            CreatedAt = now,
            Head = head.Encode(),
            Keys = [.. keys],
            // No gateway and no name to let go of, and no past to keep.
            IsAttached = true,
            IsReleased = true,
            Retention = NoPast,
            Copy = new CopyState { Request = request },
        };
        return Change.To(begun, new DomainEvent("snapshot-copy.begun", new { request.OfferId, request.SnapshotId, request.SizeBytes }));
    }

    /// <summary>Segments are committed; <paramref name="isWhole"/> when they complete the snapshot.</summary>
    public static Change<VolumeState, bool> Committed(VolumeState state, VolumeHead head, long dataBytes, bool isWhole, DateTimeOffset now)
    {
        if (state.Copy is not { Stage: SnapshotCopyState.Copying } copy) return Change.None(state, false);
        var copied = copy with { CopiedBytes = copy.CopiedBytes + dataBytes };
        var next = VolumeMachine.WithHead(state, head) with { Copy = copied };
        if (!isWhole) return new Change<VolumeState, bool>(next, true) { Owes = true };
        var snapshot = new PendingSnapshot
        {
            SnapshotId = copy.Request.SnapshotId,
            Description = copy.Request.Description,
            RequestedAt = state.CreatedAt,
            Stage = PendingStage.Completed,
            Sequence = head.CommittedSequence,
            PointAt = copy.Request.PointAt ?? now,
            SizeBytes = head.SizeBytes,
        };
        return new Change<VolumeState, bool>(
            next with
            {
                DeletedAt = now,
                Snapshots = [snapshot],
                Copy = copied with { Stage = SnapshotCopyState.Completed, EndedAt = now, IsTold = true },
            },
            true,
            new DomainEvent("snapshot-copy.completed", new { copy.Request.SnapshotId, copied.CopiedBytes }));
    }

    /// <summary>It cannot be made: its lineage is erased.</summary>
    public static Change<VolumeState, VolumeState> Fail(VolumeState state, string reason, DateTimeOffset now) =>
        state.Copy is { Stage: SnapshotCopyState.Copying } ? End(state, SnapshotCopyState.Failed, reason, now) : Change.Keep(state);

    /// <summary>Its owner gives it up, or wants to see it no more.</summary>
    public static Change<VolumeState, VolumeState> Cancel(VolumeState state, DateTimeOffset now) => state.Copy switch
    {
        { Stage: SnapshotCopyState.Copying } => End(state, SnapshotCopyState.Cancelled, "", now),
        { Stage: SnapshotCopyState.Failed, IsRemoved: false } copy =>
            Change.To(state with { Copy = copy with { IsRemoved = true } }, new DomainEvent("snapshot-copy.removed")),
        { Stage: SnapshotCopyState.Completed } copy => throw new TidegateException(
            ErrorCodes.InvalidState, "The copy is complete.", $"Delete its snapshot {copy.Request.SnapshotId} instead."),
        _ => Change.Keep(state),
    };

    /// <summary>The offer knows of its end.</summary>
    public static Change<VolumeState, VolumeState> Told(VolumeState state) =>
        state.Copy is { IsTold: false } copy ? Change.To(state with { Copy = copy with { IsTold = true } }) : Change.Keep(state);

    /// <summary>What the owner of an offer is told of an end that was not completion.</summary>
    public static string ReasonOf(CopyState copy) => copy.Stage == SnapshotCopyState.Cancelled ? "The other account cancelled the copy." : copy.FailureReason;

    /// <summary>The state of a copy whose lineage is being erased.</summary>
    public static VolumeState Erased(VolumeState state, DateTimeOffset now) => state.Copy is { Stage: SnapshotCopyState.Copying } copy
        ? state with { Copy = copy with { Stage = SnapshotCopyState.Cancelled, EndedAt = now } }
        : state;

    private static Change<VolumeState, VolumeState> End(VolumeState state, SnapshotCopyState stage, string reason, DateTimeOffset now)
    {
        var ended = state.Copy! with { Stage = stage, EndedAt = now, FailureReason = reason[..Math.Min(reason.Length, MaxReasonLength)] };
        return Change.To(
            state with { DeletedAt = now, ErasureBegunAt = now, Copy = ended },
            stage == SnapshotCopyState.Failed
                ? new DomainEvent("snapshot-copy.failed", new { reason = ended.FailureReason })
                : new DomainEvent("snapshot-copy.cancelled"));
    }
}
