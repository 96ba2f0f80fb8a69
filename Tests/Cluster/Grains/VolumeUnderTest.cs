using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Manifests;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>A volume and the part of an agent that writes it: seals real segments, uploads with tickets, commits in order.</summary>
internal sealed class VolumeUnderTest
{
    public const long SizeBytes = 8 << 20;

    private readonly GrainCluster _cluster;
    private AttachReply? _attached;
    private SegmentDigest _tip = SegmentDigest.None;
    private long _logEnd;
    private string _mark = "";

    private VolumeUnderTest(GrainCluster cluster, GatewayUnderTest gateway, string volumeId) => (_cluster, Owner, VolumeId) = (cluster, gateway, volumeId);

    public GatewayUnderTest Owner { get; }

    public string VolumeId { get; }

    public IVolumeGrain Volume => _cluster.Grains.GetGrain<IVolumeGrain>(VolumeId);

    public IVolumeDataGrain Data => _cluster.Grains.GetGrain<IVolumeDataGrain>(VolumeId);

    public long Epoch => _attached!.Epoch;

    public long LogEnd => _logEnd;

    public long Sequence { get; private set; }

    public static VolumeSpecification Specification(GatewayUnderTest gateway, string name, string source = "", long sizeBytes = SizeBytes) =>
        new(gateway.AccountId, gateway.GatewayId, name, source.Length > 0 ? 0 : sizeBytes, source);

    public static async Task<VolumeUnderTest> NewAsync(GrainCluster cluster, GatewayUnderTest gateway, string source = "", long sizeBytes = SizeBytes)
    {
        var volume = new VolumeUnderTest(cluster, gateway, ResourceId.New(ResourceKind.Volume));
        await gateway.AsTenant(() => volume.Volume.Create(Specification(gateway, "data-" + volume.VolumeId, source, sizeBytes)));
        return volume;
    }

    /// <summary>A new volume whose agent has attached and written 1 to its first block.</summary>
    public static async Task<VolumeUnderTest> NewWrittenAsync(GrainCluster cluster, GatewayUnderTest gateway)
    {
        var volume = await NewAsync(cluster, gateway);
        await volume.AttachAsync();
        await volume.WriteAsync(1, 0);
        return volume;
    }

    /// <summary>A volume that exists, with an agent that has not attached yet.</summary>
    public static VolumeUnderTest Of(GrainCluster cluster, GatewayUnderTest gateway, string volumeId) => new(cluster, gateway, volumeId);

    /// <summary>A second process with this one's log, before it attaches.</summary>
    public VolumeUnderTest Copy() => new(_cluster, Owner, VolumeId) { _tip = _tip, _logEnd = _logEnd, Sequence = Sequence, _attached = _attached };

    public Task<AttachReply> AttachAsync(params SealSummary[] seals) => AttachAsync(request => request with { Seals = seals });

    /// <summary>Attaches with whatever else there is to say.</summary>
    public async Task<AttachReply> AttachAsync(Func<AttachRequest, AttachRequest> also)
    {
        var request = also(new AttachRequest(_attached?.Epoch ?? 0, Sequence, Sequence == 0 ? [] : _tip.ToArray(), _logEnd, SizeBytes, []));
        _attached = await GrainCluster.As(GrainCluster.Agent(Owner.AccountId, Owner.GatewayId), () => Data.Attach(request));
        _logEnd = Math.Max(_logEnd, request.LogResumesAt ?? 0);
        return _attached;
    }

    /// <summary>A log of the same volume that knows of more commits than the service ever saw.</summary>
    public VolumeUnderTest AheadBy(int segments) => new(_cluster, Owner, VolumeId)
    {
        _tip = new SegmentDigest(Enumerable.Repeat((byte)0x7e, SegmentDigest.LengthBytes).ToArray()),
        _logEnd = _logEnd + (segments * 4096),
        Sequence = Sequence + segments,
        _attached = _attached,
    };

    /// <summary>Copies one block of a value out of the store, seals and uploads it; does not commit it.</summary>
    public async Task<FillCommit> UploadFillAsync(byte value, int block, FillCommit? before = null)
    {
        using var key = new DataKey(_attached!.DataKey);
        using var digestKey = new DataKey(_attached.DigestKey);
        using var builder = new SegmentBuilder(key, 0, digestKey);
        var data = new byte[BlockGeometry.BlockBytes];
        data.AsSpan().Fill(value);
        builder.Write((long)block * BlockGeometry.BlockBytes, data);
        var number = (before?.Number ?? _attached.Staging!.Fills) + 1;
        var previous = before?.Digest ?? _attached.Staging!.FillDigest;
        var identity = SegmentIdentity.NewFill(new LineageId(_attached.OwnerAccountId, VolumeId), _attached.KeyGeneration, Epoch, number, RandomNonceSource.Instance);
        using var segment = builder.Seal(identity, new SegmentDigest(previous), 0, GrainCluster.Clock.GetUtcNow(), GrainCluster.Clock.GetUtcNow());
        var tickets = await GrainCluster.As(GrainCluster.Agent(Owner.AccountId, Owner.GatewayId), () => Data.GetWriteTickets(Epoch, new[] { segment.BlobKey }));
        await GrainCluster.Blobs.PutIfAbsentAsync(segment.BlobKey, segment.Content);
        return new FillCommit(number, segment.BlobKey, previous, segment.Digest.ToArray(), segment.LengthBytes, segment.FrameBytes, tickets[0].Token);
    }

    public Task<StagingStanding> CommitFillsAsync(params FillCommit[] fills) =>
        GrainCluster.As(GrainCluster.Agent(Owner.AccountId, Owner.GatewayId), () => Data.CommitFills(new FillCommitRequest(Epoch, fills)));

    /// <summary>Declares the branch whole as far as the log was last committed.</summary>
    public Task PublishAsync(FillCommit last, string? mark = null) => GrainCluster.As(
        GrainCluster.Agent(Owner.AccountId, Owner.GatewayId),
        () => Data.PublishStaging(new StagingPublishRequest(Epoch, _attached!.Staging!.Branch, last.Number, last.Digest, mark ?? _mark)));

    /// <summary>Seals and uploads one segment that fills a block with a value; does not commit it.</summary>
    public Task<SegmentCommit> UploadAsync(byte value, int block, params string[] snapshotIds)
    {
        var data = new byte[BlockGeometry.BlockBytes];
        data.AsSpan().Fill(value);
        return UploadAsync([((long)block * BlockGeometry.BlockBytes, data)], snapshotIds);
    }

    /// <summary>As above, for any writes.</summary>
    public async Task<SegmentCommit> UploadAsync(IReadOnlyList<(long Offset, byte[] Data)> writes, params string[] snapshotIds)
    {
        _mark = StagingMark.Next(Epoch, RandomNonceSource.Instance);
        using var key = new DataKey(_attached!.DataKey);
        using var digestKey = new DataKey(_attached.DigestKey);
        using var builder = new SegmentBuilder(key, _logEnd, digestKey);
        var logEnd = _logEnd;
        foreach (var (offset, data) in writes)
        {
            builder.Write(offset, data);
            logEnd += data.Length + 64;
        }

        var identity = SegmentIdentity.NewData(
            new LineageId(_attached.OwnerAccountId, VolumeId), _attached.KeyGeneration, Epoch, Sequence + 1, RandomNonceSource.Instance);
        using var segment = builder.Seal(identity, _tip, logEnd, GrainCluster.Clock.GetUtcNow(), GrainCluster.Clock.GetUtcNow());
        var tickets = await GrainCluster.As(
            GrainCluster.Agent(Owner.AccountId, Owner.GatewayId), () => Data.GetWriteTickets(Epoch, new[] { segment.BlobKey }));
        await GrainCluster.Blobs.PutIfAbsentAsync(segment.BlobKey, segment.Content);
        var commit = new SegmentCommit(
            ++Sequence, segment.BlobKey, _logEnd, logEnd, _tip.ToArray(), segment.Digest.ToArray(), segment.LengthBytes, segment.FrameBytes,
            GrainCluster.Clock.GetUtcNow(), GrainCluster.Clock.GetUtcNow(), [.. snapshotIds, _mark], tickets[0].Token);
        (_tip, _logEnd) = (segment.Digest, logEnd);
        return commit;
    }

    public Task<CommitReply> CommitAsync(params SegmentCommit[] segments) =>
        GrainCluster.As(GrainCluster.Agent(Owner.AccountId, Owner.GatewayId), () => Data.Commit(new CommitRequest(Epoch, segments)));

    public async Task<CommitReply> WriteAsync(byte value, int block, params string[] snapshotIds) =>
        await CommitAsync(await UploadAsync(value, block, snapshotIds));

    /// <summary>Takes a snapshot whose barrier lies at the end of one more write, and commits that; returns its id once it is complete.</summary>
    public async Task<string> SnapshotAsync(byte value, int block = 0)
    {
        var id = ResourceId.New(ResourceKind.Snapshot);
        var segment = await UploadAsync(value, block, id);
        TakesBarriersAt(segment.LogEnd);
        await Owner.AsTenant(() => Volume.CreateSnapshot(id, "", ResourceId.New(ResourceKind.Request)));
        await CommitAsync(segment);
        await GrainCluster.Publisher.PublishedAsync(id, "snapshot.completed");
        return id;
    }

    /// <summary>The byte at an offset of the newest point, read as its agent reads an image that it restores.</summary>
    public async Task<byte> ReadByteAsync(long offset = 0) =>
        await ByteOfAsync(await GrainCluster.As(GrainCluster.Agent(Owner.AccountId, Owner.GatewayId), Data.GetImage), offset);

    /// <summary>The byte at an offset of an image that an agent was given.</summary>
    public static async Task<byte> ByteOfAsync(VolumeImageReply image, long offset = 0)
    {
        var ring = new Keyring();
        foreach (var key in image.Keys) ring.Add(new LineageId(key.AccountId, key.VolumeId), key.Generation, new DataKey(key.DataKey));
        var reader = await ImageReader.OpenAsync(ImageDescriptor.Decode(image.Descriptor), new SegmentCache(new BlobStoreSource(GrainCluster.Blobs), ring));
        var bytes = new byte[BlockGeometry.SectorBytes];
        await reader.ReadAsync(offset, bytes);
        return bytes[0];
    }

    /// <summary>The manifest that a rebuild would begin from.</summary>
    public async Task<HeadManifest> NewestManifestAsync()
    {
        var newest = GrainCluster.Blobs.Keys.Last(key => key.StartsWith($"{Owner.AccountId}/{VolumeId}/head/", StringComparison.Ordinal));
        var content = await GrainCluster.Blobs.GetRangeAsync(newest, 0, 1 << 20);
        return await HeadManifest.OpenAsync(newest, content, GrainCluster.AccountKeys);
    }

    /// <summary>Lets the agent answer snapshot requests with a barrier at the end of the next segment.</summary>
    public void TakesBarriersAt(long logPosition) => Owner.OnDeliver = request =>
    {
        var asked = (SnapshotRequest)request;
        _ = Owner.ReportAsync(request, new SnapshotBarrier(asked.SnapshotId, Epoch, logPosition, false));
        return Task.FromResult(new DeliverReply(true));
    };
}
