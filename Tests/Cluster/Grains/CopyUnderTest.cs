using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Export;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>A snapshot of one account that is offered to another, and the copy that it becomes.</summary>
internal sealed class CopyUnderTest : IAsyncDisposable
{
    /// <summary>Blocks that the snapshot holds; a unit of a copy is four of them here.</summary>
    public const int Blocks = 14;

    private readonly GrainCluster _cluster;
    private TaskCompletionSource? _held;

    private CopyUnderTest(GrainCluster cluster, GatewayUnderTest from, GatewayUnderTest to, VolumeUnderTest source, string snapshotId) =>
        (_cluster, From, To, Source, SourceSnapshotId) = (cluster, from, to, source, snapshotId);

    public GatewayUnderTest From { get; }

    public GatewayUnderTest To { get; }

    public VolumeUnderTest Source { get; }

    public string SourceSnapshotId { get; }

    public string OfferId { get; } = ResourceId.New(ResourceKind.Offer);

    public string CopyId { get; } = ResourceId.New(ResourceKind.Volume);

    public string SnapshotId { get; } = ResourceId.New(ResourceKind.Snapshot);

    public ISnapshotOfferGrain Offer => _cluster.Grains.GetGrain<ISnapshotOfferGrain>(OfferId);

    public ISnapshotCopyGrain Copy => _cluster.Grains.GetGrain<ISnapshotCopyGrain>(CopyId);

    public ISnapshotGrain Snapshot => _cluster.Grains.GetGrain<ISnapshotGrain>(SnapshotId);

    public ISnapshotGrain SourceSnapshot => _cluster.Grains.GetGrain<ISnapshotGrain>(SourceSnapshotId);

    public LineageId Lineage => new(To.AccountId, CopyId);

    /// <summary>Blobs of the copy's lineage, but for the record of what happened to it.</summary>
    public string[] Stored =>
        [.. GrainCluster.Blobs.Keys.Where(key => key.StartsWith($"{Lineage}/", StringComparison.Ordinal) && !key.Contains("/record/", StringComparison.Ordinal))];

    /// <summary>Data segments of the copy.</summary>
    public string[] Data => [.. Stored.Where(key => key.StartsWith($"{Lineage}/0", StringComparison.Ordinal))];

    public static async Task<CopyUnderTest> NewAsync(GrainCluster cluster)
    {
        var (from, to) = (await GatewayUnderTest.NewAsync(cluster), await GatewayUnderTest.NewAsync(cluster));
        await from.ConnectAsync();
        var source = await VolumeUnderTest.NewAsync(cluster, from);
        await source.AttachAsync();
        // Whole blocks and parts of some, with holes between them, and one block of zeroes.
        for (var i = 0; i < Blocks - 3; i++) await source.WriteAsync((byte)(i + 1), i * 2);
        await source.CommitAsync(await source.UploadAsync([(60 * BlockGeometry.BlockBytes, Sectors(1, 77)), ((60 * BlockGeometry.BlockBytes) + (9 * 4096), Sectors(3, 78))]));
        await source.CommitAsync(await source.UploadAsync([(80 * BlockGeometry.BlockBytes, new byte[BlockGeometry.BlockBytes])]));
        var snapshot = await source.SnapshotAsync(99, 127);
        await source.WriteAsync(200, 0);
        return new CopyUnderTest(cluster, from, to, source, snapshot);
    }

    public Task<SnapshotOfferDescription> MakeAsync() =>
        From.AsTenant(() => Offer.Make(new SnapshotOfferRequest(SourceSnapshotId, To.AccountId, TimeSpan.FromDays(1))));

    public Task<SnapshotCopyDescription> AcceptAsync() => To.AsTenant(() => Offer.Accept(CopyId, SnapshotId, "theirs"));

    /// <summary>Makes the offer, accepts it, and ends when the copy has.</summary>
    public async Task CompleteAsync()
    {
        await MakeAsync();
        await AcceptAsync();
        await GrainCluster.Publisher.PublishedAsync(SnapshotId, "snapshot.completed");
    }

    /// <summary>Makes the offer and accepts it; ends when the copy's worker is about to store that segment, and stays there.</summary>
    public async Task HoldAsync(long sequence)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        GrainCluster.Blobs.Putting = async key =>
        {
            if (!key.StartsWith($"{Lineage}/0000000000000001/{sequence:x16}-", StringComparison.Ordinal)) return;
            reached.TrySetResult();
            await _held.Task;
        };
        await MakeAsync();
        await AcceptAsync();
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>Lets the worker go on, or has it fail as a silo does that is killed there.</summary>
    public async Task ReleaseAsync(bool isKilled = false)
    {
        GrainCluster.Blobs.Putting = null;
        if (isKilled) _held!.SetException(new IOException("The silo was killed."));
        else _held!.SetResult();
        await _cluster.WorkEndedAsync(CopyId);
    }

    /// <summary>SHA-256 of a whole snapshot, read from the bucket by its newest manifest and the keys in that alone.</summary>
    public static async Task<string> HashAsync(LineageId lineage, string snapshotId)
    {
        var stored = (await new Bucket(GrainCluster.Blobs, GrainCluster.AccountKeys).OpenAsync(lineage))!;
        var image = (await stored.OpenCatalogue().FindSnapshotAsync(snapshotId))!.Image.At(stored.Manifest.Head.Relocations);
        var reader = await ImageReader.OpenAsync(image, new SegmentCache(new BlobStoreSource(GrainCluster.Blobs), stored.Ring));
        return (await new ImageExport(reader).ToStreamAsync(Stream.Null)).Sha256!;
    }

    public async ValueTask DisposeAsync()
    {
        GrainCluster.Blobs.Putting = null;
        _held?.TrySetResult();
        await From.DisposeAsync();
        await To.DisposeAsync();
    }

    private static byte[] Sectors(int count, byte value)
    {
        var data = new byte[count * BlockGeometry.SectorBytes];
        data.AsSpan().Fill(value);
        return data;
    }
}
