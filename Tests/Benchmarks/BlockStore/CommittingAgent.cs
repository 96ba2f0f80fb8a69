using System.Security.Cryptography;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Tests.Benchmarks.BlockStore;

/// <summary>A volume and what its agent does there: segments of random blocks are sealed and stored first, then committed in their order.</summary>
internal sealed class CommittingAgent
{
    private const long SizeBytes = 1L << 40;
    private const int BlocksEach = 4;
    private const int TicketsEach = 32;
    private static readonly TimeSpan FullTailWait = TimeSpan.FromMilliseconds(20);

    private readonly CommitSilo _silo;
    private readonly Caller _agent;
    private readonly Queue<SegmentCommit> _stored = [];
    private AttachReply _attached = null!;
    private SegmentDigest _tip = SegmentDigest.None;
    private long _sequence;
    private long _logEnd;

    private CommittingAgent(CommitSilo silo, string accountId, string gatewayId)
    {
        _silo = silo;
        // The address that a holder would have; nobody is called back here.
        _agent = new Caller(Role.Agent, accountId, gatewayId, gatewayId);
    }

    public string VolumeId { get; } = ResourceId.New(ResourceKind.Volume);

    private IVolumeDataGrain Data => _silo.Grains.GetGrain<IVolumeDataGrain>(VolumeId);

    public static async Task<CommittingAgent> AttachAsync(CommitSilo silo, string accountId, string gatewayId)
    {
        var agent = new CommittingAgent(silo, accountId, gatewayId);
        var specification = new VolumeSpecification(accountId, gatewayId, "data-" + agent.VolumeId, SizeBytes, "");
        await CommitSilo.AsAsync(CommitSilo.Tenant(accountId), () => silo.Grains.GetGrain<IVolumeGrain>(agent.VolumeId).Create(specification));
        agent._attached = await CommitSilo.AsAsync(agent._agent, () => agent.Data.Attach(new AttachRequest(0, 0, [], 0, SizeBytes, [])));
        return agent;
    }

    /// <summary>Seals and stores segments, without committing them.</summary>
    public async Task StoreAsync(int count)
    {
        using var key = new DataKey(_attached.DataKey);
        using var digestKey = new DataKey(_attached.DigestKey);
        for (var done = 0; done < count; done += TicketsEach)
        {
            var segments = Enumerable.Range(0, Math.Min(TicketsEach, count - done)).Select(_ => Seal(key, digestKey)).ToArray();
            var tickets = await CommitSilo.AsAsync(_agent, () => Data.GetWriteTickets(_attached.Epoch, segments.Select(segment => segment.BlobKey).ToArray()));
            await Parallel.ForEachAsync(segments, async (segment, stop) => await _silo.Blobs.PutIfAbsentAsync(segment.BlobKey, segment.Content, stop));
            foreach (var (segment, ticket) in segments.Zip(tickets))
            {
                var header = segment.Header;
                _stored.Enqueue(new SegmentCommit(
                    header.Identity.Sequence, segment.BlobKey, header.LogStart, header.LogEnd, header.PreviousDigest.ToArray(), segment.Digest.ToArray(),
                    segment.LengthBytes, segment.FrameBytes, header.HostTimeStart, header.HostTimeEnd, [], ticket.Token));
                segment.Dispose();
            }
        }
    }

    /// <summary>Commits what is stored, so many segments a call, one call after the other; a full tail waits for its fold.</summary>
    public async Task CommitAsync(int batch)
    {
        while (_stored.Count > 0)
        {
            var segments = Enumerable.Range(0, Math.Min(batch, _stored.Count)).Select(_ => _stored.Dequeue()).ToArray();
            while (!await TryCommitAsync(segments)) await Task.Delay(FullTailWait);
        }
    }

    private async Task<bool> TryCommitAsync(SegmentCommit[] segments)
    {
        try
        {
            await CommitSilo.AsAsync(_agent, () => Data.Commit(new CommitRequest(_attached.Epoch, segments)));
            return true;
        }
        catch (TidegateException full) when (full.Code == ErrorCodes.Unavailable)
        {
            return false;
        }
    }

    private SealedSegment Seal(DataKey key, DataKey digestKey)
    {
        using var builder = new SegmentBuilder(key, _logEnd, digestKey);
        for (var i = 0; i < BlocksEach; i++)
            builder.Write(RandomNumberGenerator.GetInt32((int)(SizeBytes / BlockGeometry.BlockBytes)) * (long)BlockGeometry.BlockBytes, RandomNumberGenerator.GetBytes(BlockGeometry.BlockBytes));
        var end = _logEnd + (BlocksEach * (BlockGeometry.BlockBytes + 4096));
        var identity = SegmentIdentity.NewData(
            new LineageId(_attached.OwnerAccountId, VolumeId), _attached.KeyGeneration, _attached.Epoch, ++_sequence, RandomNonceSource.Instance);
        var now = TimeProvider.System.GetUtcNow();
        var segment = builder.Seal(identity, _tip, end, now, now);
        (_tip, _logEnd) = (segment.Digest, end);
        return segment;
    }
}
