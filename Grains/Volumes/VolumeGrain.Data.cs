using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Volumes;

// The agent's side (docs/protocols/volume-data.md): epochs, tickets, commits, the image a restore reads.
internal sealed partial class VolumeGrain
{
    private const int MaxWriteTickets = 32;
    private const int MaxReadTickets = 64;
    private const int MaxSeals = 4096;

    // How far ahead of the head an agent may upload: more than it ever has in flight, less than it could fill a bucket with.
    private const long MaxSequencesAhead = 1024;

    private static readonly TimeSpan MaxTicketAge = TimeSpan.FromHours(1);

    /// <inheritdoc />
    public async Task<AttachReply> Attach(AttachRequest request)
    {
        RequireAgent();
        try
        {
            return await AttachAsync(request);
        }
        catch (TidegateException refused) when (refused.Code == ErrorCodes.Diverged)
        {
            await ChangeAsync((state, _) => VolumeMachine.Diverged(state, HeadOf(state).Epoch, request.LastEpoch));
            throw;
        }
    }

    private async Task<AttachReply> AttachAsync(AttachRequest request)
    {
        if (request.Seals.Count > MaxSeals) throw Arguments.Invalid($"An attach names at most {MaxSeals} seals.");
        var claim = new AttachClaim(
            request.LastEpoch,
            request.LastSequence,
            DigestOf(request.LastDigest),
            request.CommittedLogEnd,
            request.StoreSizeBytes,
            request.Seals.Select(seal => new SealClaim(seal.Sequence, seal.LogStart, seal.LogEnd, DigestOf(seal.Digest))).ToArray())
        {
            IsStoreChanged = request.IsStoreChanged || (request.StoreAtStop is { } stopped && request.StoreAtStart is { } started && stopped != started),
            LogResumesAt = request.LogResumesAt,
        };
        // Before the keys: those that a backup has may be under an account key that is gone.
        if (await RebuildIfBehindAsync()) await SettleQuietlyAsync();
        var keys = await KeysAsync();
        IReadOnlyList<SegmentIdentity> forgotten = [];
        var head = await SaveChangeAsync(async (state, now) =>
        {
            RequireAgent();
            var before = HeadOf(state);
            var events = new List<DomainEvent>();
            var isRebuilt = false;
            if (HeadMachine.Attach(before, claim).Refusal?.Reason == HeadRefusalReason.HeadBehind && await RebuiltAsync(state, now, isBehind: false) is { } rebuilt)
            {
                isRebuilt = true;
                // The database went back in time; the bucket did not.
                (state, before, keys) = (rebuilt, HeadOf(rebuilt), await VolumeKeys.UnwrapAsync(host.Keys, rebuilt.Keys));
                events.Add(VolumeRebuild.EventOf(before));
            }

            // A rebuilt branch is given up already, and that is to be saved.
            var isClosing = isRebuilt && before.Staging is not null;
            var next = (isClosing ? before : await StoreAsync(before, AttachOrStage(before, claim, now))).WithManifest(keys.Sealer).Above(state.ClaimedVersion);
            events.Add(AttachEvent(before, next));
            forgotten = next.ForgottenManifests(before);
            return new Change<VolumeState, VolumeHead>(VolumeMachine.WithHead(state, next), next, [.. events]);
        });
        // Before anyone can upload under the epoch, so that the bucket alone tells which segments it ended.
        await StoreManifestAsync(head, keys);
        // Whoever attaches time and again does not fill the bucket with them.
        foreach (var manifest in forgotten) await host.Blobs.DeleteAsync(manifest.BlobKey);
        await SettleQuietlyAsync();
        if (head.Staging is { IsAbandoned: true })
            throw new TidegateException(ErrorCodes.Unavailable, "What was staged of this volume before is being given up.", "Attach again in a moment.");
        var (sequence, logEnd, digest, _) = TipOf(head);
        return new AttachReply(head.Epoch, sequence, logEnd, digest.ToArray(), head.Lineage.AccountId, head.KeyGeneration, keys.ExportOwn(), head.SizeBytes)
        {
            DigestKey = keys.ExportDigest(),
            Incarnation = head.Incarnation,
            Staging = StandingOf(head),
        };
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<BlobTicket>> GetWriteTickets(long epoch, IReadOnlyList<string> blobKeys)
    {
        RequireAgent();
        if (blobKeys.Count > MaxWriteTickets) throw Arguments.Invalid($"At most {MaxWriteTickets} write tickets are issued a call.");
        var head = HeadOf(State);
        if (epoch != head.Epoch) throw new TidegateException(ErrorCodes.StaleEpoch, $"Epoch {epoch} is not the volume's; it is at {head.Epoch}.", "Attach again.");
        foreach (var key in blobKeys)
        {
            var isOwn = SegmentIdentity.TryParse(key, head.KeyGeneration, out var identity)
                && identity!.Owner == head.Lineage && identity.Epoch == epoch
                && NextOf(head, identity.Kind) is { } from && identity.Sequence > from && identity.Sequence <= from + MaxSequencesAhead;
            if (!isOwn) throw new TidegateException(ErrorCodes.TicketRefused, "The key is not one that this epoch of the volume may write next.", "Attach again.");
        }

        return Task.FromResult<IReadOnlyList<BlobTicket>>(blobKeys.Select(host.Tickets.IssueWrite).ToArray());
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<BlobTicket>> GetReadTickets(IReadOnlyList<string> blobKeys)
    {
        RequireAgent();
        if (blobKeys.Count > MaxReadTickets) throw Arguments.Invalid($"At most {MaxReadTickets} read tickets are issued a call.");
        var reached = State.Keys.Select(key => $"{key.AccountId}/{key.VolumeId}/").ToHashSet(StringComparer.Ordinal);
        foreach (var key in blobKeys)
        {
            // The keyring holds exactly the lineages that the volume's roots reach.
            var second = key.IndexOf('/', key.IndexOf('/', StringComparison.Ordinal) + 1);
            if (BlobKey.IsValid(key) && second > 0 && reached.Contains(key[..(second + 1)])) continue;
            throw new TidegateException(ErrorCodes.TicketRefused, "The volume does not reach that blob.", "Read the image again.");
        }

        return Task.FromResult<IReadOnlyList<BlobTicket>>(blobKeys.Select(host.Tickets.IssueRead).ToArray());
    }

    /// <inheritdoc />
    public async Task<CommitReply> Commit(CommitRequest request)
    {
        RequireAgent();
        if (request.Segments.Count is 0 or > CommitRequest.MaxSegments) throw Arguments.Invalid($"A commit holds 1 to {CommitRequest.MaxSegments} segments.");
        var keys = await KeysAsync();
        var head = await SaveChangeAsync(async (state, now) =>
        {
            // Nothing is committed to a volume that was deleted while this waited for its turn: its uploads may be collected.
            RequireAgent();
            // What is committed to a head that is about to be rebuilt would be lost.
            if (await IsBehindBucketAsync(state))
                throw new TidegateException(ErrorCodes.StaleEpoch, $"The bucket holds a later head of volume {Key} than the database, which was put back.", "Attach again.");
            var before = HeadOf(state);
            var claims = request.Segments.Select(segment => ClaimOf(segment, VolumeMachine.Announced(state, segment.SnapshotIds))).ToArray();
            var change = HeadMachine.Commit(before, request.Epoch, claims, now, keys.Sealer);
            if (change.Refusal?.Reason == HeadRefusalReason.TailFull)
            {
                if (before.Staging is null) StartFold();
                else StartStagingFold();
            }

            if (change.IsRepeat) return Change.None(state, before);
            if (change.Refusal is null)
            {
                var sequence = TipOf(before).Sequence;
                await Task.WhenAll(request.Segments.Where(segment => segment.Sequence > sequence)
                    .Select(segment => CheckUploadAsync($"Sequence {segment.Sequence}", segment.BlobKey, segment.LengthBytes, segment.TicketToken, now)));
            }

            if (before.Staging is not null) return VolumeMachine.Staged(state, await StoreAsync(before, change), claims);
            var cuts = change.Cuts.Select(cut => (cut.SnapshotId, cut.Sequence, now)).ToArray();
            return VolumeMachine.Committed(state, await StoreAsync(before, change), cuts);
        });
        // The agent waits for the save alone; what follows from it goes on behind its back.
        _ = SettleQuietlyAsync();
        return ReplyOf(head);
    }

    /// <inheritdoc />
    public async Task<VolumeImageReply> GetImage()
    {
        RequireAgent();
        var image = State.OriginImage.Length > 0 ? ImageDescriptor.Decode(State.OriginImage) : ImageDescriptor.Empty(State.Specification!.SizeBytes);
        return await ReplyOfAsync(await ReadableAsync(image));
    }

    /// <inheritdoc />
    public async Task<VolumeImageReply> GetSnapshotImage(string snapshotId)
    {
        RequireAgent();
        return await ReplyOfAsync(await ImageOfAsync(snapshotId));
    }

    // A host waits for the first bytes of a restore: what it takes to find them comes along.
    private async Task<VolumeImageReply> ReplyOfAsync(ImageDescriptor image) => new(image.Encode(), (await KeysAsync()).ExportAll())
    {
        Tickets = [.. image.FirstRead.Take(MaxReadTickets).Select(segment => host.Tickets.IssueRead(segment.Identity.BlobKey))],
    };

    // The number that uploads of a kind go on from; null for what no agent uploads now.
    private static long? NextOf(VolumeHead head, SegmentKind kind) => kind switch
    {
        SegmentKind.Data => TipOf(head).Sequence,
        SegmentKind.Fill => head.Staging?.Fills,
        _ => null,
    };

    private void RequireAgent()
    {
        if (State is not { DeletedAt: null, Head.Length: > 0, Specification: { } known }) throw Authorisation.NotFound(What);
        Authorisation.RequireGateway(known.GatewayId, What);
    }

    private static SegmentClaim ClaimOf(SegmentCommit segment, IReadOnlyList<string> snapshotIds) => new(
        segment.BlobKey,
        segment.Sequence,
        segment.LogStart,
        segment.LogEnd,
        DigestOf(segment.PreviousDigest),
        DigestOf(segment.Digest),
        segment.LengthBytes,
        segment.FrameBytes,
        segment.HostTimeEnd,
        snapshotIds)
    {
        Mark = StagingMark.In(segment.SnapshotIds),
    };

    private static SegmentDigest DigestOf(byte[] bytes) => bytes.Length is 0 or SegmentDigest.LengthBytes
        ? new SegmentDigest(bytes)
        : throw Arguments.Invalid($"A digest has {SegmentDigest.LengthBytes} bytes.");

    // A head never names a blob that is not there, and never one that the reclaimer may already be looking at (ticket age).
    private async Task CheckUploadAsync(string what, string blobKey, long lengthBytes, string ticketToken, DateTimeOffset now)
    {
        if (host.Tickets.IssuedAt(ticketToken, blobKey) is not { } issued || now - issued > MaxTicketAge)
        {
            throw new TidegateException(ErrorCodes.TicketRefused, $"{what} has no ticket of the last hour.", "Seal it again and upload it with a fresh ticket.");
        }

        if (await host.Blobs.GetLengthAsync(blobKey) != lengthBytes)
        {
            throw new TidegateException(ErrorCodes.CommitRefused, $"{what} is not in the bucket at its length.", "Upload it again.");
        }
    }
}
