using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Tests.Kit.Blobs;

namespace Tidegate.Tests.Kit.Service;

/// <summary>
/// A volume's grain without a cluster: the real head machine, formats and keys over blobs in memory, one lock instead of turns,
/// and faults by a seed. It opens and checks every segment before it commits it, and keeps every head it ever saved.
/// </summary>
internal sealed class ModelService
{
    public const string AccountId = "123456789012";
    private readonly HashSet<string> _waiting = [];
    private readonly Lock _gate = new();
    private readonly List<VolumeHead> _heads = [];
    private readonly List<SegmentCommit> _named = [];
    private readonly Random _random;
    private readonly DataKey _firstKey;
    private readonly List<DataKey> _keys = [];
    private readonly IReadOnlyList<ModelService> _origins;
    private readonly ImageDescriptor _origin;
    private readonly Dictionary<string, string> _issued = [];
    private int _tickets;

    public ModelService(string volumeId, long sizeBytes, int seed)
        : this(volumeId, HeadMachine.Create(new LineageId(AccountId, volumeId), 1, sizeBytes), ImageDescriptor.Empty(sizeBytes), [], seed, new MemoryBlobStore(TimeProvider.System))
    {
    }

    private ModelService(string volumeId, VolumeHead head, ImageDescriptor origin, IReadOnlyList<ModelService> origins, int seed, MemoryBlobStore store)
    {
        _random = new Random(seed);
        var key = new byte[DataKey.LengthBytes];
        _random.NextBytes(key);
        (_firstKey, Head, _origin, _origins, Store, VolumeId) = (new DataKey(key), head, origin, origins, store, volumeId);
        _keys.Add(_firstKey);
        _heads.Add(head);
    }

    public string VolumeId { get; }

    /// <summary>What goes wrong.</summary>
    public ServiceFaults Faults { get; } = new();

    /// <summary>The bucket.</summary>
    public MemoryBlobStore Store { get; }

    /// <summary>The saved head.</summary>
    public VolumeHead Head { get; private set; }

    /// <summary>Every head that was saved, oldest first.</summary>
    public IReadOnlyList<VolumeHead> Heads => Copy(_heads);

    /// <summary>Completed snapshots; the first announcement counts.</summary>
    public Dictionary<string, ImageDescriptor> Snapshots { get; } = [];

    /// <summary>Segments that commits named, repeats included.</summary>
    public IReadOnlyList<SegmentCommit> Named => Copy(_named);

    /// <summary>Runs inside a put before anything is stored; holds or fails it.</summary>
    public Func<string, Task>? BeforePut { get; set; }

    /// <summary>Runs inside a read of a blob.</summary>
    public Func<string, Task>? BeforeGet { get; set; }

    /// <summary>Changes the image that a restore is given.</summary>
    public Func<ImageDescriptor, ImageDescriptor>? HandOut { get; set; }

    /// <summary>A new volume that starts as one of this one's snapshots.</summary>
    public ModelService Clone(string volumeId, string snapshotId, int seed)
    {
        var image = Snapshots[snapshotId];
        return new ModelService(volumeId, HeadMachine.CreateClone(new LineageId(AccountId, volumeId), 1, image), image, [this, .. _origins], seed, Store);
    }

    private DataKey Key => _keys[^1];

    /// <summary>Begins another generation of the volume's key, as its grain does.</summary>
    public void RotateKey()
    {
        lock (_gate)
        {
            _keys.Add(DataKey.Generate());
            Head = HeadMachine.RotateKey(Head).Head;
            _heads.Add(Head);
        }
    }

    /// <summary>One agent's connection.</summary>
    public IVolumeService Connect() => new Connection(this);

    /// <summary>Carries this service's tickets.</summary>
    public IBlobTransport Transport() => new TicketTransport(this);

    /// <summary>A whole image as bytes.</summary>
    public async Task<byte[]> ReadAsync(ImageDescriptor image)
    {
        var reader = await ImageReader.OpenAsync(image, new SegmentCache(new BlobStoreSource(Store), Keys()));
        var bytes = new byte[image.SizeBytes];
        await reader.ReadAsync(0, bytes);
        return bytes;
    }

    /// <summary>Stores a manifest of a head, as the volume's grain does.</summary>
    public async Task PutManifestAsync(IKeyProvider provider, VolumeHead head)
    {
        var keys = new List<WrappedKey>();
        foreach (var service in new[] { this }.Concat(_origins))
            keys.Add(new WrappedKey(service.Head.Lineage, 1, await provider.WrapAsync(service.Head.Lineage, 1, service._firstKey)));
        var blob = new HeadManifest(head, keys).Seal(new LineageSealer(head.Lineage, 1, _firstKey, RandomNonceSource.Instance));
        await Store.PutIfAbsentAsync(blob.Key, blob.Content);
    }

    private Keyring Keys()
    {
        var ring = new Keyring();
        foreach (var service in new[] { this }.Concat(_origins))
            for (var i = 0; i < service._keys.Count; i++) ring.Add(service.Head.Lineage, i + 1, service._keys[i]);
        return ring;
    }

    // A call of an agent that was killed may still be under way.
    private T[] Copy<T>(List<T> items)
    {
        lock (_gate)
            return [.. items];
    }

    private async Task<T> CallAsync<T>(Func<T> call)
    {
        bool isLost, isReplyLost;
        int turns;
        lock (_gate)
        {
            isLost = Faults.IsDown || _random.NextDouble() < Faults.CallLost;
            isReplyLost = _random.NextDouble() < Faults.ReplyLost;
            turns = _random.Next(3);
        }
        for (; turns >= 0; turns--)
            await Task.Yield();
        if (isLost)
            throw new TidegateException(ErrorCodes.Unavailable, "the call was lost");
        T result;
        lock (_gate)
            result = call();
        return isReplyLost ? throw new TimeoutException("the answer was lost") : result;
    }

    private AttachReply Attach(AttachRequest request)
    {
        var claim = new AttachClaim(
            request.LastEpoch, request.LastSequence, new SegmentDigest(request.LastDigest), request.CommittedLogEnd, request.StoreSizeBytes,
            [.. request.Seals.Select(seal => new SealClaim(seal.Sequence, seal.LogStart, seal.LogEnd, new SegmentDigest(seal.Digest)))])
        {
            IsStoreChanged = request.IsStoreChanged,
            LogResumesAt = request.LogResumesAt,
        };
        // A head that went back may be one that was giving a branch up.
        FreeAbandoned();
        var change = HeadMachine.Attach(Head, claim);
        // There is no bucket to rebuild from that would know more.
        if (change.Refusal is null ? claim.IsStoreChanged : change.Refusal.Reason == HeadRefusalReason.HeadBehind) change = StagingMachine.Begin(Head, claim, DateTimeOffset.UnixEpoch);
        Save(change);
        if (FreeAbandoned()) throw new TidegateException(ErrorCodes.Unavailable, "what was staged is being given up", "Attach again in a moment.");
        var tip = Reply();
        return new AttachReply(
            Head.Epoch, tip.CommittedSequence, tip.CommittedLogEnd, tip.TipDigest, AccountId, Head.KeyGeneration, Key.Export(), Head.SizeBytes)
        {
            DigestKey = _firstKey.Export(),
            Staging = Standing(),
        };
    }

    // The worker of the model is quick.
    private bool FreeAbandoned()
    {
        if (Head.Staging is not { IsAbandoned: true }) return false;
        var segments = new SegmentCache(new BlobStoreSource(Store), Keys());
        Publish(Now(() => StagingEnd.PrepareAsync(Head, DateTimeOffset.UnixEpoch, segments, Sealer))!, segments);
        return true;
    }

    /// <summary>The head goes back to one that was saved before, and so does all that anybody could rebuild it from.</summary>
    public void GoBackTo(VolumeHead head)
    {
        lock (_gate)
        {
            Head = head;
            _heads.Add(head);
        }
    }

    private CommitReply Reply() => Head.Staging is { } staging
        ? new CommitReply(staging.Sequence, staging.LogEnd, staging.Digest.ToArray(), staging.CommittedAt)
        : new CommitReply(Head.CommittedSequence, Head.CommittedLogEnd, Head.TipDigest.ToArray(), Head.CommittedAt);

    private StagingStanding? Standing() => Head.Staging is { } staging
        ? new StagingStanding(staging.FirstEpoch, staging.Fills, staging.Fills > Head.FillsEver ? staging.FillDigest.ToArray() : [], Head.CommittedSequence)
        : null;

    private StagingStanding CommitFills(FillCommitRequest request)
    {
        Save(StagingMachine.CommitFills(
            Head, request.Epoch,
            [.. request.Fills.Select(fill => new SegmentClaim(
                fill.BlobKey, fill.Number, 0, 0, new SegmentDigest(fill.PreviousDigest), new SegmentDigest(fill.Digest), fill.LengthBytes, fill.FrameBytes, DateTimeOffset.UnixEpoch, []))],
            DateTimeOffset.UnixEpoch, Sealer));
        return Standing()!;
    }

    private bool Publish(StagingPublishRequest request)
    {
        if (Head.Staging is null && Head.Epoch == request.Epoch && Head.FillsEver == request.Fills) return true;
        var declared = new StagingDeclaration(request.Epoch, request.Fills, new SegmentDigest(request.FillDigest), request.Mark);
        if (StagingDeclaration.Check(Head, declared) is { } incomplete) Save(incomplete);
        var segments = new SegmentCache(new BlobStoreSource(Store), Keys());
        if (Head.Tail.Count > 0)
        {
            var main = Now(() => new Folder(segments, Sealer, PutAsync).FoldAsync(Head, []))!;
            Publish(Now(() => PreparedChange.OfFoldAsync(Head, main, segments, Sealer, new ReclaimTerms(DateTimeOffset.UnixEpoch, Retention.Default)))!, segments);
        }
        var fold = Now(() => new StagingFolder(segments, Sealer, PutAsync).FoldAsync(Head))!;
        Publish(Now(() => StagingPublication.PrepareAsync(Head, fold, declared, [], DateTimeOffset.UnixEpoch, segments, Sealer))!, segments);
        foreach (var id in _waiting)
            Snapshots.TryAdd(id, Head.ToImage());
        _waiting.Clear();
        return true;
    }

    private void Publish(PreparedChange prepared, SegmentCache segments) => Save(prepared.Publish(
        Head, Now(() => TailManifest.LoadAsync(segments, prepared.TailOf(Head), default)), Sealer, DateTimeOffset.UnixEpoch));

    // Not on the caller's scheduler, which may have this thread alone: what is waited for here would wait for it.
    private static T Now<T>(Func<Task<T>> work) => Task.Run(work).GetAwaiter().GetResult();

    private async ValueTask PutAsync(BlobEffect blob, CancellationToken cancellationToken) => await Store.PutIfAbsentAsync(blob.Key, blob.Content, cancellationToken);

    private LineageSealer Sealer => new(Head.Lineage, Head.KeyGeneration, Key, RandomNonceSource.Instance);

    private CommitReply Commit(CommitRequest request)
    {
        _named.AddRange(request.Segments);
        foreach (var segment in request.Segments)
        {
            if (_random.NextDouble() < Faults.TicketTooOld)
                throw new TidegateException(ErrorCodes.TicketRefused, "the ticket is over an hour old");
            if (_issued.GetValueOrDefault(segment.TicketToken) != segment.BlobKey)
                throw new TidegateException(ErrorCodes.TicketRefused, "the ticket was not issued for that blob");
            Verify(segment);
        }
        var change = HeadMachine.Commit(
            Head, request.Epoch,
            [.. request.Segments.Select(segment => new SegmentClaim(
                segment.BlobKey, segment.Sequence, segment.LogStart, segment.LogEnd, new SegmentDigest(segment.PreviousDigest), new SegmentDigest(segment.Digest),
                segment.LengthBytes, segment.FrameBytes, segment.HostTimeEnd, segment.SnapshotIds)
            {
                Mark = StagingMark.In(segment.SnapshotIds),
            })],
            DateTimeOffset.UnixEpoch.AddSeconds(_heads.Count), Sealer);
        Save(change);
        foreach (var cut in change.Cuts)
            Snapshots.TryAdd(cut.SnapshotId, cut.Image);
        if (Head.Staging is not null)
            _waiting.UnionWith(request.Segments.SelectMany(segment => segment.SnapshotIds));
        return Reply();
    }

    /// <summary>The blob is there, whole, authentic, and what the commit says it is.</summary>
    private void Verify(SegmentCommit segment)
    {
        if (!SegmentIdentity.TryParseDataKey(segment.BlobKey, Head.KeyGeneration, out var identity))
            throw new CorruptDataException(segment.BlobKey, "it is no key of a segment");
        var blob = Store.GetRangeAsync(segment.BlobKey, 0, (int)segment.LengthBytes + 1).GetAwaiter().GetResult();
        var header = SegmentReader.Open(blob, new SegmentReference(identity!, (int)segment.LengthBytes), Keys()).Index.Header;
        if (header.LogStart != segment.LogStart || header.LogEnd != segment.LogEnd || !header.Digest.Bytes.SequenceEqual(segment.Digest))
            throw new CorruptDataException(segment.BlobKey, "its header is not what the commit says");
    }

    private void Save(HeadChange change)
    {
        if (change.Refusal is { } refusal)
        {
            throw new TidegateException(refusal.Reason switch
            {
                HeadRefusalReason.StaleEpoch => ErrorCodes.StaleEpoch,
                HeadRefusalReason.Diverged => ErrorCodes.Diverged,
                HeadRefusalReason.TailFull => ErrorCodes.Unavailable,
                HeadRefusalReason.NotContiguous => ErrorCodes.CommitRefused,
                _ => ErrorCodes.InvalidState,
            }, refusal.Message);
        }
        foreach (var blob in change.Blobs)
            Store.PutIfAbsentAsync(blob.Key, blob.Content).GetAwaiter().GetResult();
        if (change.IsRepeat)
            return;
        Head = change.Head;
        _heads.Add(Head);
    }

    private IReadOnlyList<BlobTicket> Issue(string method, IReadOnlyList<string> keys) =>
        [.. keys.Select(key =>
        {
            var token = $"ticket-{++_tickets}";
            _issued[token] = key;
            return new BlobTicket(key, method, "memory:" + key, new Dictionary<string, string>(), DateTimeOffset.UnixEpoch, token);
        })];

    private IReadOnlyList<BlobTicket> IssueWrite(long epoch, IReadOnlyList<string> keys) =>
        epoch < Head.Epoch ? throw new TidegateException(ErrorCodes.StaleEpoch, $"epoch {epoch} is over") : Issue("PUT", keys);

    private sealed class Connection(ModelService service) : IVolumeService
    {
        public string VolumeId => service.VolumeId;

        public Task<AttachReply> AttachAsync(AttachRequest request, CancellationToken cancellationToken) => service.CallAsync(() => service.Attach(request));

        public Task<IReadOnlyList<BlobTicket>> GetWriteTicketsAsync(long epoch, IReadOnlyList<string> blobKeys, CancellationToken cancellationToken) =>
            service.CallAsync(() => service.IssueWrite(epoch, blobKeys));

        public Task<IReadOnlyList<BlobTicket>> GetReadTicketsAsync(IReadOnlyList<string> blobKeys, CancellationToken cancellationToken) =>
            service.CallAsync(() => service.Issue("GET", blobKeys));

        public Task<CommitReply> CommitAsync(CommitRequest request, CancellationToken cancellationToken) => service.CallAsync(() => service.Commit(request));

        public Task<StagingStanding> CommitFillsAsync(FillCommitRequest request, CancellationToken cancellationToken) => service.CallAsync(() => service.CommitFills(request));

        public Task PublishStagingAsync(StagingPublishRequest request, CancellationToken cancellationToken) => service.CallAsync(() => service.Publish(request));

        public Task<VolumeImageReply> GetImageAsync(CancellationToken cancellationToken) => service.CallAsync(() => new VolumeImageReply(
            (service.HandOut?.Invoke(service._origin) ?? service._origin).Encode(),
            [.. service._origins.Select(origin => new LineageKey(AccountId, origin.VolumeId, origin.Head.KeyGeneration, origin.Key.Export()))]));

        public Task<VolumeImageReply> GetSnapshotImageAsync(string snapshotId, CancellationToken cancellationToken) => service.CallAsync(() => new VolumeImageReply(
            (service.Snapshots.TryGetValue(snapshotId, out var image) ? image : throw new TidegateException(ErrorCodes.NotFound, $"there is no snapshot {snapshotId}")).Encode(),
            [.. service._origins.Prepend(service).SelectMany(from => from._keys.Select((key, i) => new LineageKey(AccountId, from.VolumeId, i + 1, key.Export())))]));
    }

    private sealed class TicketTransport(ModelService service) : IBlobTransport
    {
        public IBlobTransport By(ITransferTurn turn) => this;

        public async Task<bool> PutAsync(BlobTicket ticket, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
        {
            if (service.BeforePut is { } hold)
                await hold(ticket.BlobKey).WaitAsync(cancellationToken);
            var (isLost, isReplyLost) = service.RollTransfer();
            await Task.Yield();
            if (isLost)
                throw new TidegateException(ErrorCodes.Unavailable, "the connection broke");
            var outcome = await service.Store.PutIfAbsentAsync(ticket.BlobKey, content, cancellationToken);
            return isReplyLost ? throw new TidegateException(ErrorCodes.Unavailable, "the answer was lost") : outcome == PutOutcome.Stored;
        }

        public async Task<int> GetRangeAsync(BlobTicket ticket, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            if (service.BeforeGet is { } hold)
                await hold(ticket.BlobKey).WaitAsync(cancellationToken);
            var (isLost, _) = service.RollTransfer();
            await Task.Yield();
            if (isLost) throw new TidegateException(ErrorCodes.Unavailable, "the connection broke");
            var read = await service.Store.GetRangeAsync(ticket.BlobKey, offset, buffer.Length, cancellationToken);
            read.CopyTo(buffer);
            return read.Length;
        }
    }

    private (bool IsLost, bool IsReplyLost) RollTransfer()
    {
        lock (_gate)
            return (Faults.IsDown || _random.NextDouble() < Faults.TransferLost, _random.NextDouble() < Faults.TransferReplyLost);
    }
}
