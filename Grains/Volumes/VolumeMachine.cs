using Tidegate.BlockStore;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Heads;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;
using Tidegate.Grains.Volumes.Copies;

namespace Tidegate.Grains.Volumes;

/// <summary>
/// What a volume's saved state may become around its head, which <see cref="HeadMachine"/> alone changes. Pure. Invariants:
/// a head exists only after the name is reserved, and never goes; keys are only added; pending snapshots are bounded, and a
/// completed one never changes.
/// </summary>
internal static partial class VolumeMachine
{
    /// <summary>Most lineages of a keyring: the depth of clones.</summary>
    public const int MaxLineages = 32;

    /// <summary>Most keys of a keyring: all generations of all of its lineages.</summary>
    public const int MaxKeys = 96;

    // What the outbox and its entries can hold.
    private const int VictimsPerEvent = 48;
    private const int MaxAuditedVictims = 4 * VictimsPerEvent;

    /// <summary>Most snapshots under way.</summary>
    public const int MaxPendingSnapshots = 20;

    /// <summary>Most that is kept of why a snapshot or its hooks failed.</summary>
    public const int MaxReasonLength = 96;

    /// <summary>Longest description of a snapshot.</summary>
    public const int MaxDescriptionLength = 128;

    /// <summary>Smallest volume.</summary>
    public const long MinSizeBytes = 1 << 20;

    /// <summary>Longest recovery window, and longest interval of thinning.</summary>
    public static readonly TimeSpan MaxWindow = TimeSpan.FromDays(35);

    /// <summary>Shortest interval of thinning.</summary>
    public static readonly TimeSpan MinThinning = TimeSpan.FromMinutes(1);

    /// <summary>Longest that a thinned point is kept.</summary>
    public static readonly TimeSpan MaxThinnedAge = TimeSpan.FromDays(3653);

    /// <summary>How long an intention to create, or a barrier without an answer, may stand.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>What a volume keeps that was told nothing else.</summary>
    public static readonly VolumeRetention DefaultRetention =
        new(BlockStore.Reclaim.Retention.Default.Window, BlockStore.Reclaim.Retention.Default.ThinEvery, BlockStore.Reclaim.Retention.Default.ThinFor);

    /// <summary>Notes what is to be created before its name is reserved; the same again changes nothing.</summary>
    public static Change<VolumeState, VolumeState> Intend(VolumeState state, VolumeSpecification specification, DateTimeOffset now)
    {
        if (state.DeletedAt is not null) throw new TidegateException(ErrorCodes.InvalidState, "The volume was deleted.", "Create a volume with a fresh id.");
        if (state.Specification is { } known)
        {
            if (IsSame(known, specification)) return Change.Keep(state);
            throw new TidegateException(ErrorCodes.InvalidState, "The volume exists with another specification.", "Use a fresh id or idempotency key.");
        }

        Arguments.Name(specification.Name, "volume name");
        if (specification is { SourcePoint: not null, SourceSnapshotId.Length: > 0 }) throw Arguments.Invalid("A volume begins as a snapshot or as a recovery point, not as both.");
        if (specification.SizeBytes != 0 || !HasSource(specification)) CheckSize(specification.SizeBytes);
        return Change.To(state with { Specification = specification, CreatedAt = now }) with { Owes = true };
    }

    /// <summary>The volume exists: name reserved, key made, and for a clone the origin's pin saved.</summary>
    public static Change<VolumeState, VolumeState> Created(
        VolumeState state, VolumeHead head, IReadOnlyList<WrappedLineageKey> keys, byte[] originImage, RestoredPoint? point = null)
    {
        if (state.Head.Length > 0) return Change.Keep(state);
        if (keys.Count > MaxKeys || keys.DistinctBy(key => key.VolumeId).Count() > MaxLineages)
        {
            throw new TidegateException(ErrorCodes.LimitExceeded, $"A clone's ancestry is at most {MaxLineages} volumes deep, with {MaxKeys} data keys.", "Copy the data into a new empty volume instead.");
        }

        var specification = state.Specification! with { SizeBytes = head.SizeBytes };
        var next = state with { Specification = specification, Head = head.Encode(), Keys = [.. keys], OriginImage = originImage, RestoredPoint = point };
        return Change.To(
            next,
            new DomainEvent(
                "volume.created", new { specification.GatewayId, specification.Name, specification.SizeBytes, specification.SourceSnapshotId, restoredPoint = point, adoptPath = specification.AdoptPath }));
    }

    /// <summary>The owner has said which copy of a diverged volume goes on: it is on record before the gateway hears of it.</summary>
    public static Change<VolumeState, VolumeState> DivergenceEnds(VolumeState state, DivergenceChoice keep, long sequence, string snapshotId, string requestId) =>
        Change.To(state, new DomainEvent("volume.divergence-resolved", new { keep = keep.ToString(), sequence, snapshotId, requestId }));

    /// <summary>The gateway has taken the volume into its desired configuration.</summary>
    public static Change<VolumeState, VolumeState> Attached(VolumeState state) =>
        state.IsAttached ? Change.Keep(state) : Change.To(state with { IsAttached = true });

    /// <summary>The head has grown: the gateway is to be told of the new size.</summary>
    public static Change<VolumeState, VolumeState> Grown(VolumeState state, VolumeHead head)
    {
        var known = state.Specification!;
        var grown = new DomainEvent("volume.resized", new { from = known.SizeBytes, to = head.SizeBytes });
        var next = WithHead(state, head) with { Specification = known with { SizeBytes = head.SizeBytes }, IsAttached = false };
        return Change.To(next, grown) with { Owes = true };
    }

    /// <summary>Recovery points may grow so old: the gateway is to be told.</summary>
    public static Change<VolumeState, VolumeState> SetObjective(VolumeState state, int seconds)
    {
        if (seconds is < RecoveryPointObjective.MinSeconds or > RecoveryPointObjective.MaxSeconds)
            throw Arguments.Invalid($"A recovery point objective is {RecoveryPointObjective.MinSeconds} to {RecoveryPointObjective.MaxSeconds} seconds.");
        if (ObjectiveOf(state) == seconds) return Change.Keep(state);
        return Change.To(state with { RecoveryPointObjectiveSeconds = seconds, IsAttached = false }, new DomainEvent("volume.objective-set", new { from = ObjectiveOf(state), to = seconds }));
    }

    /// <summary>How old the volume's newest recovery point may grow, in seconds.</summary>
    public static int ObjectiveOf(VolumeState state) =>
        state.RecoveryPointObjectiveSeconds > 0 ? state.RecoveryPointObjectiveSeconds : RecoveryPointObjective.DefaultSeconds;

    /// <summary>The head moved on: attach, commit, pin, fold or resize.</summary>
    public static VolumeState WithHead(VolumeState state, VolumeHead head) => state with { Head = head.Encode() };

    /// <summary>The volume and everything that needs its keys is to become unreadable: it leaves its gateway, and the audit log names the victims.</summary>
    public static Change<VolumeState, VolumeState> BeginErasure(VolumeState state, IReadOnlyList<string> victims, DateTimeOffset now)
    {
        var deletion = Delete(state, now);
        var named = victims.Take(MaxAuditedVictims).Chunk(VictimsPerEvent).DefaultIfEmpty([]);
        return Change.To(
            CopyMachine.Erased(deletion.Result, now) with { ErasureBegunAt = now },
            [.. deletion.Events, .. named.Select(some => new DomainEvent("volume.erasure-begun", new { victims = some, total = victims.Count }))]);
    }

    /// <summary>Nobody holds the keys any more.</summary>
    public static Change<VolumeState, VolumeState> KeysErased(VolumeState state, DateTimeOffset now) => state.ErasedAt is not null
        ? Change.Keep(state)
        : Change.To(state with { Keys = [], ErasedAt = now }, new DomainEvent("volume.erased", new { keys = state.Keys.Length }));

    /// <summary>A snapshot is asked for; the same id again changes nothing.</summary>
    public static Change<VolumeState, PendingSnapshot> RequestSnapshot(
        VolumeState state, VolumeHead head, string snapshotId, string description, DateTimeOffset now)
    {
        if (Find(state, snapshotId) is { } known) return Change.None(state, known);
        if (state.Snapshots.Length >= MaxPendingSnapshots)
        {
            throw new TidegateException(ErrorCodes.LimitExceeded, $"{MaxPendingSnapshots} snapshots of this volume are under way.", "Wait until some are complete.");
        }

        var pending = new PendingSnapshot
        {
            SnapshotId = snapshotId,
            Description = Arguments.Text(description, "description", MaxDescriptionLength),
            RequestedAt = now,
            StartedAtLogEnd = head.CommittedLogEnd,
            SizeBytes = head.SizeBytes,
        };
        return new Change<VolumeState, PendingSnapshot>(
            state with { Snapshots = [.. state.Snapshots, pending] }, pending, new DomainEvent("volume.snapshot-requested", new { snapshotId }));
    }

    /// <summary>A snapshot is to be taken in a group; the same again changes nothing.</summary>
    public static Change<VolumeState, PendingSnapshot> ExpectInGroup(
        VolumeState state, VolumeHead head, string groupId, string snapshotId, string description, DateTimeOffset now)
    {
        var request = RequestSnapshot(state, head, snapshotId, description, now);
        if (request.Next is not { } next) return request;
        var pending = request.Result with { GroupId = groupId };
        return request with { Next = Replace(next, pending), Result = pending };
    }

    /// <summary>The group waits: no barrier is asked for until all of its volumes are shadowed.</summary>
    public static Change<VolumeState, VolumeState> WaitInGroup(VolumeState state, string snapshotId) => Find(state, snapshotId) is { Stage: PendingStage.Requested } pending
        ? Change.To(Replace(state, pending with { Stage = PendingStage.Waiting })) with { Owes = true }
        : Change.Keep(state);

    /// <summary>The group is complete, or has failed: whatever the volume holds of it, which is out of the catalogue then.</summary>
    public static Change<VolumeState, VolumeState> EndInGroup(VolumeState state, string snapshotId, string failureReason)
    {
        if (Find(state, snapshotId) is not { IsGroupEnded: false } pending) return Change.Keep(state);
        if (failureReason.Length == 0) return Change.To(Replace(state, pending with { IsGroupEnded = true })) with { Owes = true };
        var failed = pending with { Stage = PendingStage.Failed, FailureReason = Bounded(failureReason), IsGroupEnded = true };
        return Change.To(Replace(state, failed), new DomainEvent("volume.snapshot-failed", new { snapshotId, reason = failed.FailureReason }));
    }

    /// <summary>A snapshot of a recovery point is asked for; the same id again changes nothing.</summary>
    public static Change<VolumeState, PendingSnapshot> RequestSnapshotOfPoint(
        VolumeState state, VolumeHead head, string snapshotId, string description, DateTimeOffset now)
    {
        if (Find(state, snapshotId) is { Stage: PendingStage.Requested or PendingStage.Barrier or PendingStage.Waiting })
            throw new TidegateException(ErrorCodes.InvalidState, "The snapshot id is that of a snapshot of the present.", "Use a fresh id or idempotency key.");
        var request = RequestSnapshot(state, head, snapshotId, description, now);
        if (request.Next is not { } next) return request;
        var pending = request.Result with { Stage = PendingStage.Point };
        return request with { Next = Replace(next, pending), Result = pending };
    }

    /// <summary>A recovery point is held as a snapshot, in the save that puts its cut into the catalogue.</summary>
    public static Change<VolumeState, VolumeState> PointTaken(VolumeState state, SnapshotRecord cut)
    {
        if (state.ErasureBegunAt is not null || Find(state, cut.SnapshotId) is not { Stage: PendingStage.Point } pending)
            throw new TidegateException(ErrorCodes.InvalidState, $"Snapshot {cut.SnapshotId} was given up before it was taken.", "Ask for another.");
        var taken = pending with { Stage = PendingStage.Completed, Sequence = cut.Sequence, PointAt = cut.CommittedAt, SizeBytes = cut.Image.SizeBytes };
        return Change.To(Replace(state, taken), new DomainEvent("volume.snapshot-completed", new { cut.SnapshotId, cut.Sequence }));
    }

    /// <summary>A recovery point is pinned for a clone.</summary>
    public static Change<VolumeState, VolumeState> PointPinned(VolumeState state, string cloneVolumeId, RestoredPoint point) => state.ErasureBegunAt is null
        ? Change.To(state, new DomainEvent("volume.pinned", new { sequence = point.Sequence, cloneVolumeId }))
        : throw new TidegateException(ErrorCodes.NotFound, "The volume is being erased.", "Use a snapshot of another volume.");

    /// <summary>
    /// The barrier of the snapshot <paramref name="asked"/> for is durable at the agent. A commit may have completed the snapshot before this
    /// reply came, and its own grain may have it already.
    /// </summary>
    public static Change<VolumeState, PendingSnapshot> BarrierTaken(VolumeState state, PendingSnapshot asked, SnapshotBarrier barrier)
    {
        if (Find(state, barrier.SnapshotId) is not { } pending) return Change.None(state, asked);
        var next = pending with { Consistency = barrier.Consistency, HookFailure = Bounded(barrier.HookFailure) };
        if (pending.Stage is PendingStage.Requested or PendingStage.Waiting)
            next = next with { Stage = barrier.IsWaiting ? PendingStage.Waiting : PendingStage.Barrier, LogPosition = barrier.LogPosition, BarrierEpoch = barrier.Epoch };
        if (next == pending) return Change.None(state, pending);
        return new Change<VolumeState, PendingSnapshot>(Replace(state, next), next) { Owes = true };
    }

    /// <summary>
    /// A log has diverged: it is no longer the volume's, and with it go the barriers that are in it. Those of the log that holds the volume's epoch
    /// stay, unless the two are one.
    /// </summary>
    public static Change<VolumeState, VolumeState> Diverged(VolumeState state, long volumeEpoch, long logEpoch)
    {
        const string Reason = "The log that holds its barrier has diverged from the volume.";
        var lost = state.Snapshots.Where(pending => pending.Stage is PendingStage.Barrier or PendingStage.Waiting
            && (pending.BarrierEpoch == logEpoch || pending.BarrierEpoch < volumeEpoch)).ToArray();
        if (lost.Length == 0) return Change.Keep(state);
        return Change.To(
            state with { Snapshots = [.. state.Snapshots.Select(pending => lost.Contains(pending) ? pending with { Stage = PendingStage.Failed, FailureReason = Reason } : pending)] },
            [.. Bounded([.. lost.Select(pending => new DomainEvent("volume.snapshot-failed", new { pending.SnapshotId, reason = Reason }))])]);
    }

    /// <summary>A snapshot will not complete.</summary>
    public static Change<VolumeState, VolumeState> FailSnapshot(VolumeState state, string snapshotId, string reason)
    {
        if (Find(state, snapshotId) is not { IsEnded: false } pending) return Change.Keep(state);
        return Change.To(
            Replace(state, pending with { Stage = PendingStage.Failed, FailureReason = reason }),
            new DomainEvent("volume.snapshot-failed", new { snapshotId, reason }));
    }

    /// <summary>A snapshot that never reached the agent, or whose point is not held, is as if it had not been asked for: its id may be used again.</summary>
    public static Change<VolumeState, VolumeState> AbandonSnapshot(VolumeState state, string snapshotId, string reason)
    {
        if (Find(state, snapshotId) is not { Stage: PendingStage.Requested or PendingStage.Point }) return Change.Keep(state);
        return Change.To(
            state with { Snapshots = [.. state.Snapshots.Where(pending => pending.SnapshotId != snapshotId)] },
            new DomainEvent("volume.snapshot-failed", new { snapshotId, reason }));
    }

    /// <summary>
    /// The snapshots that a segment announces and that this volume can complete: asked for, and not completed. One that was given up completes after
    /// all, unless others of its group were given up with it.
    /// </summary>
    public static IReadOnlyList<string> Announced(VolumeState state, IReadOnlyList<string> snapshotIds) =>
        snapshotIds.Where(id => Find(state, id) is { Stage: not (PendingStage.Completed or PendingStage.Point) } pending && !(pending.IsEnded && pending.GroupId.Length > 0))
            .Distinct().ToArray();

    /// <summary>
    /// A commit: the head moves, the snapshots whose barrier it reaches complete in the same save, and those whose barrier it
    /// passes without naming them fail: their log is gone.
    /// </summary>
    public static Change<VolumeState, VolumeHead> Committed(
        VolumeState state, VolumeHead head, IReadOnlyList<(string SnapshotId, long Sequence, DateTimeOffset At)> cuts)
    {
        var events = new List<DomainEvent>();
        var snapshots = state.Snapshots.Select(pending =>
        {
            var cut = cuts.FirstOrDefault(cut => cut.SnapshotId == pending.SnapshotId);
            if (cut.SnapshotId is not null)
            {
                events.Add(new DomainEvent("volume.snapshot-completed", new { pending.SnapshotId, cut.Sequence }));
                return pending with { Stage = PendingStage.Completed, Sequence = cut.Sequence, PointAt = cut.At, SizeBytes = head.SizeBytes, FailureReason = "" };
            }

            if (pending.Stage != PendingStage.Barrier || head.CommittedLogEnd <= pending.LogPosition) return pending;
            const string Reason = "The log that held the snapshot's barrier was lost.";
            events.Add(new DomainEvent("volume.snapshot-failed", new { pending.SnapshotId, reason = Reason }));
            return pending with { Stage = PendingStage.Failed, FailureReason = Reason };
        }).ToArray();
        var next = WithHead(state, head) with { Snapshots = snapshots };
        return new Change<VolumeState, VolumeHead>(next, head, [.. Bounded(events)]);
    }

    /// <summary>
    /// Log segments went to the staging branch: nothing completes, and snapshots that they announce and whose barrier was not known wait from there.
    /// </summary>
    public static Change<VolumeState, VolumeHead> Staged(VolumeState state, VolumeHead head, IEnumerable<SegmentClaim> segments)
    {
        var ends = segments.SelectMany(segment => segment.SnapshotIds.Select(id => (Id: id, segment.LogEnd))).ToArray();
        var snapshots = state.Snapshots.Select(pending =>
        {
            var end = Array.Find(ends, one => one.Id == pending.SnapshotId).LogEnd;
            return end > 0 && pending.Stage is PendingStage.Requested or PendingStage.Waiting && pending.LogPosition == 0
                ? pending with { Stage = PendingStage.Waiting, LogPosition = end }
                : pending;
        }).ToArray();
        return new Change<VolumeState, VolumeHead>(WithHead(state, head) with { Snapshots = snapshots }, head);
    }

    /// <summary>
    /// Snapshots that the publication of a branch completes: their point is known, and the staged log, or the log through a position, has passed it.
    /// None of a group: the end of one volume's publication is no common point.
    /// </summary>
    public static IReadOnlyList<string> WaitingFor(VolumeState state, VolumeHead head, long? logEnd = null) =>
    [
        .. state.Snapshots
            .Where(pending => pending.Stage is PendingStage.Waiting or PendingStage.Barrier && pending.GroupId.Length == 0 && pending.LogPosition > 0 && pending.LogPosition <= (logEnd ?? head.Staging?.LogEnd ?? 0))
            .Select(pending => pending.SnapshotId),
    ];

    /// <summary>
    /// True when a branch has taken the log's place past the barrier of a snapshot that was answered as taken: its point cannot be had any more, and is the
    /// end of the publication (M2.6).
    /// </summary>
    public static bool IsOvertaken(PendingSnapshot pending, VolumeHead head) =>
        pending is { Stage: PendingStage.Barrier, GroupId.Length: 0, LogPosition: > 0 } && head.Staging is { } staging && pending.LogPosition <= staging.LogEnd;

    /// <summary>The staging branch is the volume: the snapshots that waited for it are complete.</summary>
    public static Change<VolumeState, VolumeState> Published(
        VolumeState state, VolumeHead head, IReadOnlyCollection<string> waiting, long sequence, DateTimeOffset now)
    {
        var events = new List<DomainEvent> { new("volume.staging-published", new { head.CommittedSequence, head.Epoch }) };
        var snapshots = state.Snapshots.Select(pending =>
        {
            if (pending is { GroupId.Length: > 0, Stage: PendingStage.Barrier } && pending.LogPosition <= head.CommittedLogEnd)
            {
                const string Reason = "The volume left shadowing before the service held the group's point.";
                events.Add(new DomainEvent("volume.snapshot-failed", new { pending.SnapshotId, reason = Reason }));
                return pending with { Stage = PendingStage.Failed, FailureReason = Reason };
            }

            if (!waiting.Contains(pending.SnapshotId) || pending.IsEnded) return pending;
            events.Add(new DomainEvent("volume.snapshot-completed", new { pending.SnapshotId, sequence }));
            return pending with
            {
                Stage = PendingStage.Completed,
                Sequence = sequence,
                PointAt = now,
                SizeBytes = head.SizeBytes,
                FailureReason = "",
                IsPointMoved = pending.Stage == PendingStage.Barrier,
            };
        }).ToArray();
        return Change.To(state with { Snapshots = snapshots }, [.. Bounded(events)]) with { Owes = true };
    }

    /// <summary>Snapshot grains know what these entries say: final ones go, others are marked.</summary>
    public static Change<VolumeState, VolumeState> SnapshotsRecorded(VolumeState state, IReadOnlyCollection<PendingSnapshot> recorded)
    {
        var kept = state.Snapshots
            .Where(pending => !(pending.IsFinal && recorded.Contains(pending)))
            .Select(pending => recorded.Contains(pending) ? pending with { IsRecorded = true } : pending)
            .ToArray();
        return Change.To(state with { Snapshots = kept });
    }

    /// <summary>How a clone stands to its origin.</summary>
    public static CloneStanding StandingOf(VolumeState state) => state switch
    {
        { Specification: null } or { IsDrained: true } or { ErasedAt: not null } => CloneStanding.Gone,
        { Head.Length: 0 } => CloneStanding.Intended,
        _ => CloneStanding.Exists,
    };

    /// <summary>The pending entry of a snapshot, or null.</summary>
    public static PendingSnapshot? Find(VolumeState state, string snapshotId) =>
        Array.Find(state.Snapshots, pending => pending.SnapshotId == snapshotId);

    /// <summary>0 to 1: share of the log before the barrier that has been committed.</summary>
    public static double ProgressOf(PendingSnapshot pending, long committedLogEnd)
    {
        if (pending.Stage == PendingStage.Completed) return 1;
        var whole = pending.LogPosition - pending.StartedAtLogEnd;
        return pending.Stage == PendingStage.Barrier && whole > 0
            ? Math.Clamp((double)(committedLogEnd - pending.StartedAtLogEnd) / whole, 0, 1)
            : 0;
    }

    /// <summary>Words of the agent's or of a group's, as much of them as is kept.</summary>
    public static string Bounded(string text) => text.Length <= MaxReasonLength ? text : text[..MaxReasonLength];

    // Every barrier of one commit may complete at once; beyond a handful one entry names them together.
    private static IEnumerable<DomainEvent> Bounded(List<DomainEvent> events) => events.Count <= 4
        ? events
        : [new DomainEvent("volume.snapshots-settled", new { count = events.Count })];

    private static bool IsSame(VolumeSpecification known, VolumeSpecification asked) =>
        known == (asked.SizeBytes == 0 && (HasSource(asked) || asked.AdoptPath.Length > 0) ? asked with { SizeBytes = known.SizeBytes } : asked);

    /// <summary>True when the volume begins as something that the service has.</summary>
    internal static bool HasSource(VolumeSpecification specification) => specification.SourceSnapshotId.Length > 0 || specification.SourcePoint is not null;

    private static void CheckSize(long sizeBytes)
    {
        if (sizeBytes is >= MinSizeBytes and <= BlockGeometry.MaxVolumeBytes && sizeBytes % BlockGeometry.SectorBytes == 0) return;
        throw Arguments.Invalid($"The size must be a multiple of {BlockGeometry.SectorBytes} from {MinSizeBytes} to {BlockGeometry.MaxVolumeBytes} bytes.");
    }

    private static VolumeState Replace(VolumeState state, PendingSnapshot pending) =>
        state with { Snapshots = [.. state.Snapshots.Select(other => other.SnapshotId == pending.SnapshotId ? pending : other)] };
}
