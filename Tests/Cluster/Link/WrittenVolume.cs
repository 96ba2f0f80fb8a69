using Tidegate.BlockStore;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>The part of an agent that writes a volume: real segments, committed in order, over the agent's own link.</summary>
internal sealed class WrittenVolume(LinkedAgent agent, GuardedSilo silo, string volumeId, long sizeBytes)
{
    private AttachReply? _attached;
    private SegmentDigest _tip = SegmentDigest.None;
    private long _logEnd;
    private long _sequence;

    private IVolumeDataGrain Data => agent.Link.Client.GetGrain<IVolumeDataGrain>(volumeId);

    /// <summary>Where the next segment will end: what a barrier names.</summary>
    public SnapshotBarrier BarrierOfNext(string snapshotId, int blocks) => new(snapshotId, _attached!.Epoch, _logEnd + (blocks * (BlockGeometry.BlockBytes + 64L)), false);

    public async Task AttachAsync() => _attached = await Data.Attach(new AttachRequest(0, 0, [], 0, sizeBytes, []));

    /// <summary>Fills blocks and commits them in one segment, which ends these snapshots.</summary>
    public async Task WriteAsync(byte value, int[] blocks, params string[] snapshotIds)
    {
        using var key = new DataKey(_attached!.DataKey);
        using var digestKey = new DataKey(_attached.DigestKey);
        using var builder = new SegmentBuilder(key, _logEnd, digestKey);
        var logEnd = _logEnd;
        var data = new byte[BlockGeometry.BlockBytes];
        data.AsSpan().Fill(value);
        foreach (var block in blocks)
        {
            builder.Write((long)block * BlockGeometry.BlockBytes, data);
            logEnd += data.Length + 64;
        }

        var identity = SegmentIdentity.NewData(new LineageId(_attached.OwnerAccountId, volumeId), _attached.KeyGeneration, _attached.Epoch, _sequence + 1, RandomNonceSource.Instance);
        var now = TimeProvider.System.GetUtcNow();
        using var segment = builder.Seal(identity, _tip, logEnd, now, now);
        var tickets = await Data.GetWriteTickets(_attached.Epoch, new[] { segment.BlobKey });
        await silo.Blobs.PutIfAbsentAsync(segment.BlobKey, segment.Content);
        var commit = new SegmentCommit(
            ++_sequence, segment.BlobKey, _logEnd, logEnd, _tip.ToArray(), segment.Digest.ToArray(), segment.LengthBytes, segment.FrameBytes, now, now,
            [.. snapshotIds, StagingMark.Next(_attached.Epoch, RandomNonceSource.Instance)], tickets[0].Token);
        (_tip, _logEnd) = (segment.Digest, logEnd);
        await Data.Commit(new CommitRequest(_attached.Epoch, [commit]));
    }
}
