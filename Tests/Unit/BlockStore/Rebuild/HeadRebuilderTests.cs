using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Rebuild;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Rebuild;

/// <summary>A rebuilt head holds what the bucket holds, and whoever attached before must attach again.</summary>
public sealed class HeadRebuilderTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(40)]
    public async Task A_rebuilt_head_reads_as_the_lost_one_and_fences_the_epochs_before(int commitsAfterManifest)
    {
        using var stored = await StoredScenario.CreateAsync(commitsAfterManifest);
        var lost = stored.Volume.Head;
        var (head, blobs) = HeadRebuilder.Rebuild((await stored.Bucket.OpenAsync(lost.Lineage))!, new SeededNonces(1ul << 60));
        foreach (var blob in blobs) await stored.Volume.PutAsync(blob, default);
        head = VolumeHead.Decode(head.Encode());
        Assert.Equal((lost.CommittedSequence, lost.TipDigest, lost.CommittedLogEnd), (head.CommittedSequence, head.TipDigest, head.CommittedLogEnd));
        Assert.True(head.Version > lost.Version && head.Incarnation > lost.Incarnation && head.Epoch > lost.Epoch);
        await stored.Volume.VerifyAsync(head.ToImage());

        // The agent that knew the lost head attaches; until then nothing of it is committed.
        var commit = HeadMachine.Commit(head, lost.Epoch, [], DateTimeOffset.UnixEpoch, stored.Volume.Sealer);
        Assert.Equal(HeadRefusalReason.StaleEpoch, commit.Refusal!.Reason);
        var claim = new AttachClaim(lost.Epoch, lost.CommittedSequence, lost.TipDigest, lost.CommittedLogEnd, lost.SizeBytes, []);
        Assert.Null(HeadMachine.Attach(head, claim).Refusal);
    }

    [Fact]
    public async Task Segments_that_were_uploaded_and_never_committed_are_in_it_and_the_agents_seals_lead_there()
    {
        using var stored = await StoredScenario.CreateAsync(commitsAfterManifest: 2);
        var volume = stored.Volume;
        var lost = volume.Head;
        volume.Write(3, 9);
        var seal = await volume.SealAsync();
        var (head, _) = HeadRebuilder.Rebuild((await stored.Bucket.OpenAsync(lost.Lineage))!, new SeededNonces(1ul << 60), lost with { Version = 10_000, Epoch = 70, Incarnation = 9 });
        Assert.Equal((lost.CommittedSequence + 1, 10_001, 71, 10), (head.CommittedSequence, head.Version, head.Epoch, head.Incarnation));
        await volume.VerifyAsync(head.ToImage());
        var claim = new AttachClaim(
            lost.Epoch, lost.CommittedSequence, lost.TipDigest, lost.CommittedLogEnd, lost.SizeBytes, [new SealClaim(seal.Sequence, seal.LogStart, seal.LogEnd, seal.Digest)]);
        Assert.Null(HeadMachine.Attach(head, claim).Refusal);
        var copy = claim with { Seals = [] };
        Assert.Equal(HeadRefusalReason.Diverged, HeadMachine.Attach(head, copy).Refusal!.Reason);
    }
}
