using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;
using Tidegate.Grains.Volumes.Work;

namespace Tidegate.Grains.Volumes;

// The staging branch (docs/formats/staging.md): where store and image are put together again that came apart.
internal sealed partial class VolumeGrain
{
    /// <inheritdoc />
    public async Task<StagingStanding> CommitFills(FillCommitRequest request)
    {
        RequireAgent();
        if (request.Fills.Count is 0 or > CommitRequest.MaxSegments) throw Arguments.Invalid($"A commit holds 1 to {CommitRequest.MaxSegments} fills.");
        var keys = await KeysAsync();
        var head = await SaveChangeAsync(async (state, now) =>
        {
            RequireAgent();
            var before = HeadOf(state);
            var claims = request.Fills.Select(fill => new SegmentClaim(
                fill.BlobKey, fill.Number, 0, 0, DigestOf(fill.PreviousDigest), DigestOf(fill.Digest), fill.LengthBytes, fill.FrameBytes, now, [])).ToArray();
            var change = StagingMachine.CommitFills(before, request.Epoch, claims, now, keys.Sealer);
            if (change.Refusal?.Reason == HeadRefusalReason.TailFull) StartStagingFold();
            if (change.IsRepeat) return Change.None(state, before);
            if (change.Refusal is null)
            {
                foreach (var fill in request.Fills.Where(fill => fill.Number > before.Staging!.Fills))
                    await CheckUploadAsync($"Fill {fill.Number}", fill.BlobKey, fill.LengthBytes, fill.TicketToken, now);
            }

            var next = await StoreAsync(before, change);
            return new Change<VolumeState, VolumeHead>(VolumeMachine.WithHead(state, next), next);
        });
        AskForStagingWork(head);
        return StandingOf(head)!;
    }

    /// <inheritdoc />
    public async Task PublishStaging(StagingPublishRequest request)
    {
        RequireAgent();
        var declared = new StagingDeclaration(request.Epoch, request.Fills, DigestOf(request.FillDigest), request.Mark);
        var head = HeadOf(State);
        // An epoch outlives its branch only when that was published: giving one up ends it.
        var isDone = head.Staging is null && head.Epoch == request.Epoch && head.FillsEver == request.Fills && request.Branch <= request.Epoch;
        if (isDone) return;
        if (head.Staging is { } staging && staging.FirstEpoch != request.Branch)
            throw new TidegateException(ErrorCodes.StaleEpoch, $"Branch {request.Branch} of the volume is gone; it has branch {staging.FirstEpoch}.", "Attach again.");
        if (StagingDeclaration.Check(head, declared) is { } incomplete) throw HeadRefusals.ToError(incomplete.Refusal!);
        await pool.RunAsync(Key, new StagingPublishWork(declared, VolumeMachine.WaitingFor(State, head)));
        await SettleQuietlyAsync();
    }

    // What the log of the volume's agent goes on from: the branch's tip when there is one.
    private static (long Sequence, long LogEnd, SegmentDigest Digest, DateTimeOffset At) TipOf(VolumeHead head) => head.Staging is { } staging
        ? (staging.Sequence, staging.LogEnd, staging.Digest, staging.CommittedAt)
        : (head.CommittedSequence, head.CommittedLogEnd, head.TipDigest, head.CommittedAt);

    private static CommitReply ReplyOf(VolumeHead head)
    {
        var (sequence, logEnd, digest, at) = TipOf(head);
        return new CommitReply(sequence, logEnd, digest.ToArray(), at);
    }

    private static StagingStanding? StandingOf(VolumeHead head) => head.Staging is { } staging
        ? new StagingStanding(staging.FirstEpoch, staging.Fills, staging.Fills > head.FillsEver ? staging.FillDigest.ToArray() : [], head.CommittedSequence)
        : null;

    // An attach that the head cannot grant as a plain one: the bucket is behind the log too, or the store was changed without it.
    private static HeadChange AttachOrStage(VolumeHead head, AttachClaim claim, DateTimeOffset now)
    {
        var plain = HeadMachine.Attach(head, claim);
        var isApart = plain.Refusal is null ? claim.IsStoreChanged : plain.Refusal.Reason == HeadRefusalReason.HeadBehind;
        return isApart ? StagingMachine.Begin(head, claim, now) : plain;
    }

    private static DomainEvent AttachEvent(VolumeHead before, VolumeHead next) => next.Staging switch
    {
        { IsAbandoned: true } staging => new DomainEvent("volume.staging-abandoned", new { branch = staging.FirstEpoch }),
        { } staging when before.Staging is null => new DomainEvent("volume.staging-begun", new { branch = staging.FirstEpoch, next.Incarnation, next.CommittedSequence }),
        _ => new DomainEvent("volume.attached", new { next.Epoch, next.CommittedSequence }),
    };

    /// <summary>A deleted volume's branch goes first; what was staged is nothing that anybody could read.</summary>
    private async Task SettleStagingAsync()
    {
        if (State.DeletedAt is not null && HeadOf(State).Staging is { IsAbandoned: false })
        {
            await RebuildIfBehindAsync();
            var keys = await KeysAsync();
            var head = await SaveChangeAsync((state, _) =>
            {
                var change = StagingMachine.Abandon(HeadOf(state));
                if (change.IsRepeat) return Change.None(state, HeadOf(state));
                var next = change.Head.WithManifest(keys.Sealer);
                return new Change<VolumeState, VolumeHead>(VolumeMachine.WithHead(state, next), next, AttachEvent(HeadOf(state), next));
            });
            await StoreManifestAsync(head, keys);
        }

        AskForStagingWork(HeadOf(State));
    }

    private void AskForStagingWork(VolumeHead head)
    {
        if (head.Staging is { IsAbandoned: true }) pool.TryStart(Key, new StagingDropWork());
        else if (StagingMachine.ShouldFold(head)) StartStagingFold();
    }

    private void StartStagingFold() => pool.TryStart(Key, new StagingFoldWork());
}
