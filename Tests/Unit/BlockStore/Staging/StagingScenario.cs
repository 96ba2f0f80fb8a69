using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Staging;

/// <summary>
/// A volume whose local store and remote image came apart, and an agent that puts them together again: log segments and copies of blocks go to
/// the staging branch. The store is a model, sector by sector, that knows nothing of formats.
/// </summary>
internal sealed class StagingScenario : IDisposable
{
    private readonly SeededNonces _nonces = new(1ul << 50);
    private readonly Queue<SegmentClaim> _fills = [];
    private readonly Queue<SegmentClaim> _log = [];
    private SegmentBuilder _builder;
    private long _logEnd;
    private (long Sequence, SegmentDigest Digest) _logTip;
    private (long Number, SegmentDigest Digest) _fillTip;

    public StagingScenario(VolumeScenario volume)
    {
        Volume = volume;
        Local = new Dictionary<long, int>(volume.Model);
        _builder = new SegmentBuilder(Key, 0);
    }

    public VolumeScenario Volume { get; }

    /// <summary>The local store: which write each sector last got.</summary>
    public Dictionary<long, int> Local { get; }

    public VolumeHead Head => Volume.Head;

    public StagingBranch Branch => Head.Staging!;

    public long Epoch => Head.Epoch;

    /// <summary>The barrier that ends the last sealed segment of the log.</summary>
    public string Mark { get; private set; } = "";

    private DataKey Key => Volume.Ring.Find(Volume.Lineage, 1)!;

    public AttachClaim Claim => new(
        Head.Epoch, Head.Staging?.Sequence ?? Head.CommittedSequence, Head.Staging?.Digest ?? Head.TipDigest, Head.Staging?.LogEnd ?? Head.CommittedLogEnd,
        Head.SizeBytes, [])
    { IsStoreChanged = true };

    public async Task BeginAsync(AttachClaim? claim = null)
    {
        await Volume.SaveAsync(StagingMachine.Begin(Head, claim ?? Claim, Volume.Now));
        Resume();
    }

    /// <summary>The agent's process is another one: what it had in hand is gone, and it goes on from the branch.</summary>
    public void Resume()
    {
        _fills.Clear();
        _log.Clear();
        _builder.Dispose();
        _builder = new SegmentBuilder(Key, Branch.LogEnd);
        (_logTip, _fillTip, _logEnd) = ((Branch.Sequence, Branch.Digest), (Branch.Fills, Branch.FillDigest), Branch.LogEnd);
    }

    /// <summary>A write that does not go through the log.</summary>
    public int WritePast(long sector, int count)
    {
        var id = Volume.NextWrite();
        for (var i = 0; i < count; i++) Local[sector + i] = id;
        return id;
    }

    public void DiscardPast(long sector, int count)
    {
        for (var i = 0; i < count; i++) Local.Remove(sector + i);
    }

    public void Write(long sector, int count)
    {
        var id = WritePast(sector, count);
        _builder.Write(sector * 4096, Bytes(id, sector, count));
        _logEnd += (count * 4096) + 64;
    }

    public void Discard(long sector, int count)
    {
        DiscardPast(sector, count);
        _builder.Discard(sector * 4096, count * 4096L);
        _logEnd += 64;
    }

    /// <summary>Seals what the log holds and uploads it; nothing is committed. It <paramref name="ends"/> the copying with a barrier, or does not.</summary>
    public async Task SealLogAsync(bool ends = true)
    {
        if (ends) Mark = StagingMark.Next(Branch.FirstEpoch, _nonces);
        _logEnd += 64;
        var identity = SegmentIdentity.NewData(Volume.Lineage, 1, Epoch, _logTip.Sequence + 1, _nonces);
        using var segment = _builder.Seal(identity, _logTip.Digest, _logEnd, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        _log.Enqueue(await UploadAsync(segment, _builder.LogStart, _logEnd, _logTip.Digest) with { Mark = ends ? Mark : null });
        _logTip = (identity.Sequence, segment.Digest);
        _builder.Dispose();
        _builder = new SegmentBuilder(Key, _logEnd);
    }

    /// <summary>Copies sectors out of the store as they are now, and uploads them; nothing is committed.</summary>
    public async Task CopyAsync(long sector, int count)
    {
        using var builder = new SegmentBuilder(Key, 0);
        for (var at = sector; at < sector + count; at++)
        {
            if (Local.TryGetValue(at, out var id)) builder.Write(at * 4096, Bytes(id, at, 1));
            else builder.Zero(at * 4096, 4096);
        }
        var identity = SegmentIdentity.NewFill(Volume.Lineage, 1, Epoch, _fillTip.Number + 1, _nonces);
        using var segment = builder.Seal(identity, _fillTip.Digest, 0, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch);
        _fills.Enqueue(await UploadAsync(segment, 0, 0, _fillTip.Digest));
        _fillTip = (identity.Sequence, segment.Digest);
    }

    /// <summary>What the next commit of the log would be.</summary>
    public SegmentClaim[] PeekLog() => [.. _log];

    public async Task CommitLogAsync(int most = 32) => await Volume.SaveAsync(HeadMachine.Commit(Head, Epoch, Take(_log, most), Volume.Now, Volume.Sealer));

    public async Task CommitFillsAsync(int most = 32) => await Volume.SaveAsync(StagingMachine.CommitFills(Head, Epoch, Take(_fills, most), Volume.Now, Volume.Sealer));

    public async Task FoldAsync()
    {
        if (Head.Tail.Count > 0) await Volume.FoldAsync();
        var fold = (await PrepareFoldAsync())!;
        var prepared = await StagingPublication.PrepareFoldAsync(Head, fold, Volume.Now, Volume.Segments, Volume.Sealer);
        await Volume.SaveAsync(await Volume.PublishAsync(prepared!));
    }

    public Task<StagingFold?> PrepareFoldAsync() => new StagingFolder(Volume.Segments, Volume.Sealer, Volume.PutAsync).FoldAsync(Head);

    public StagingDeclaration Declare() => new(Epoch, _fillTip.Number, _fillTip.Digest, Mark);

    public async Task<PreparedChange?> PreparePublicationAsync(StagingDeclaration? declared = null, params string[] waiting)
    {
        if (Head.Tail.Count > 0) await Volume.FoldAsync();
        var fold = (await PrepareFoldAsync())!;
        return await StagingPublication.PrepareAsync(Head, fold, declared ?? Declare(), waiting, Volume.Now, Volume.Segments, Volume.Sealer);
    }

    public async Task PublishAsync(params string[] waiting) =>
        await Volume.SaveAsync(await Volume.PublishAsync((await PreparePublicationAsync(null, waiting))!));

    public async Task AbandonAsync()
    {
        await Volume.SaveAsync(StagingMachine.Abandon(Head));
        await DropAsync();
    }

    public async Task DropAsync() =>
        await Volume.SaveAsync(await Volume.PublishAsync((await StagingEnd.PrepareAsync(Head, Volume.Now, Volume.Segments, Volume.Sealer))!));

    /// <summary>Accounting and walk agree to the byte, and nothing that is needed is condemned.</summary>
    public async Task AuditAsync() =>
        Assert.Empty(await Audit.CompareAsync(Head, await Auditor.MarkAsync(Head, Volume.Segments), Volume.Segments));

    public void Dispose() => _builder.Dispose();

    private static SegmentClaim[] Take(Queue<SegmentClaim> queue, int most)
    {
        var taken = new List<SegmentClaim>();
        while (taken.Count < most && queue.TryDequeue(out var claim)) taken.Add(claim);
        return [.. taken];
    }

    private static byte[] Bytes(int id, long sector, int count)
    {
        var bytes = new byte[count * 4096];
        for (var i = 0; i < count; i++) VolumeScenario.Fill(id, sector + i, bytes.AsSpan(i * 4096, 4096));
        return bytes;
    }

    private async Task<SegmentClaim> UploadAsync(SealedSegment segment, long logStart, long logEnd, SegmentDigest previous)
    {
        Assert.Equal(PutOutcome.Stored, await Volume.Store.PutIfAbsentAsync(segment.BlobKey, segment.Content));
        return new SegmentClaim(
            segment.BlobKey, segment.Header.Identity.Sequence, logStart, logEnd, previous, segment.Digest, segment.LengthBytes, segment.FrameBytes,
            segment.Header.HostTimeEnd, []);
    }
}
