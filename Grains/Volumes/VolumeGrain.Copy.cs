using Tidegate.BlockStore;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Security;
using Tidegate.Grains.Snapshots.Offers;
using Tidegate.Grains.Volumes.Copies;
using Tidegate.Grains.Volumes.Work;

namespace Tidegate.Grains.Volumes;

// The lineage of a copied snapshot (docs/formats/copy.md): the pool is its only writer, and commits as an agent does.
internal sealed partial class VolumeGrain
{
    private static readonly TimeSpan CopyAgainAfter = TimeSpan.FromSeconds(10);

    private CopyWork? _copying;

    /// <inheritdoc />
    public async Task BeginCopy(CopyRequest request)
    {
        Authorisation.Require(Roles.Admins, request.AccountId, What);
        if (State.Copy?.Request != request)
        {
            var lineage = new LineageId(request.AccountId, Key);
            var own = await VolumeKeys.MakeAsync(host.Keys, lineage, 1);
            var unwrapped = await VolumeKeys.UnwrapAsync(host.Keys, [own]);
            // The one epoch that it ever has: whoever else copies at the same time commits the same bytes, or loses.
            var claim = new AttachClaim(0, 0, SegmentDigest.None, 0, request.SizeBytes, []);
            var head = HeadMachine.Attach(HeadMachine.Create(lineage, 1, request.SizeBytes), claim).Head.WithManifest(unwrapped.Sealer);
            await SaveChangeAsync(async (state, now) =>
            {
                var begun = CopyMachine.Begin(state, request, head, [own], now);
                if (begun.Next is not null) await StoreManifestAsync(head, unwrapped);
                return begun;
            });
        }

        await SettleQuietlyAsync();
    }

    /// <inheritdoc />
    public async Task<bool> CommitCopied(IReadOnlyList<SegmentCommit> segments, long dataBytes)
    {
        Authorisation.RequireOperator();
        if (State.Copy is not { Stage: SnapshotCopyState.Copying }) return false;
        var keys = await KeysAsync();
        var isGoingOn = await SaveChangeAsync(async (state, now) =>
        {
            if (state.Copy is not { Stage: SnapshotCopyState.Copying } copy) return Change.None(state, false);
            if (await IsBehindBucketAsync(state))
                throw new TidegateException(ErrorCodes.Unavailable, $"The bucket holds a later head of {Key} than the database, which was put back.", "It is rebuilt before the copy goes on.");
            var before = HeadOf(state);
            var change = HeadMachine.Commit(before, before.Epoch, [.. segments.Select(segment => ClaimOf(segment, segment.SnapshotIds))], now, keys.Sealer);
            if (change.Refusal?.Reason == HeadRefusalReason.TailFull) StartFold();
            if (change.IsRepeat) return Change.None(state, true);
            var isWhole = change.Cuts.Any(cut => cut.SnapshotId == copy.Request.SnapshotId);
            return CopyMachine.Committed(state, await StoreAsync(before, change), dataBytes, isWhole, now);
        });
        _ = SettleQuietlyAsync();
        if (State.Copy is { Stage: SnapshotCopyState.Copying }) _ = CopyNextAsync();
        return isGoingOn;
    }

    /// <inheritdoc />
    public Task FailCopy(string reason)
    {
        Authorisation.RequireOperator();
        return ChangeAsync((state, now) => CopyMachine.Fail(state, reason, now));
    }

    /// <inheritdoc />
    public Task<SnapshotCopyDescription> DescribeCopy()
    {
        var copy = RequireCopy(Roles.Auditors);
        var head = HeadOf(State);
        var progress = copy.Stage == SnapshotCopyState.Completed ? 1 : (double)head.CommittedLogEnd / head.SizeBytes;
        return Task.FromResult(new SnapshotCopyDescription(
            Key, copy.Request.AccountId, copy.Request.OfferId, copy.Request.SnapshotId, copy.Stage, progress, head.SizeBytes, copy.CopiedBytes,
            State.CreatedAt, copy.EndedAt, copy.FailureReason));
    }

    /// <inheritdoc />
    public async Task CancelCopy()
    {
        RequireCopy(Roles.Admins);
        await ChangeAsync(CopyMachine.Cancel);
    }

    private CopyState RequireCopy(IReadOnlyList<Role> roles)
    {
        if (State.Copy is not { } copy) throw Authorisation.NotFound($"Copy {Key}");
        Authorisation.Require(roles, copy.Request.AccountId, $"Copy {Key}");
        return copy;
    }

    private async Task<TimeSpan?> SettleCopyAsync()
    {
        switch (State.Copy)
        {
            case { Stage: SnapshotCopyState.Copying } copy when await IsWholeAsync(copy):
                // The state was put back, or rebuilt, to before the save that completed it: what the head has counts, whatever became of the source.
                await SaveChangeAsync((state, now) => CopyMachine.Committed(state, HeadOf(state), 0, isWhole: true, now));
                return null;
            case { Stage: SnapshotCopyState.Copying }:
                // A silo that went away took its work with it; what is under way here is not asked for twice.
                if (pool.EndedAsync(Key).IsCompleted) StartCopy();
                return CopyAgainAfter;
            case { IsTold: false } ended:
                await GrainFactory.GetGrain<IOfferTerms>(ended.Request.OfferId).CopyFailed(Key, CopyMachine.ReasonOf(ended));
                await SaveChangeAsync((state, _) => CopyMachine.Told(state));
                return null;
            default:
                return null;
        }
    }

    private async Task<bool> IsWholeAsync(CopyState copy)
    {
        var head = HeadOf(State);
        return head.CommittedLogEnd == head.SizeBytes && await (await OpenCatalogueAsync(head)).FindSnapshotAsync(copy.Request.SnapshotId) is not null;
    }

    // After everything else that waits for a worker, so that a long copy leaves room for others.
    private async Task CopyNextAsync()
    {
        await pool.EndedAsync(Key);
        if (State.Copy is { Stage: SnapshotCopyState.Copying }) StartCopy();
    }

    private void StartCopy() => pool.TryStart(Key, _copying ??= new CopyWork(Key, State.Copy!.Request, GrainFactory, host, _log));
}
