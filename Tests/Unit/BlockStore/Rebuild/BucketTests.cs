using Tidegate.BlockStore;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Verification;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Service;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Rebuild;

/// <summary>Which manifest counts and which segments follow it (<c>docs/formats/manifest.md</c>).</summary>
public sealed class BucketTests
{
    [Fact]
    public async Task The_newest_point_is_the_newest_manifest_and_the_segments_after_it()
    {
        using var stored = await StoredScenario.CreateAsync(commitsAfterManifest: 7);
        var volumes = await stored.Bucket.ListVolumesAsync().ToListAsync();
        Assert.Equal([("123456789012/vol-1", true), ("123456789012/vol-2", true)], volumes.Select(v => (v.Lineage.ToString(), v.HasManifest)));
        var volume = (await stored.Bucket.OpenAsync(stored.Volume.Lineage))!;
        Assert.Equal(7, volume.Followed.Count);
        Assert.Equal(stored.Volume.Head.CommittedSequence, volume.Sequence);
        Assert.Null(volume.ChainEndsBecause);
        Assert.Empty(volume.Damages);
        await stored.Volume.VerifyAsync(volume.NewestImage);
    }

    [Fact]
    public async Task A_damaged_newest_manifest_costs_nothing_but_its_snapshots_when_an_older_one_and_the_chain_are_there()
    {
        using var stored = await StoredScenario.CreateAsync();
        var newest = await stored.Volume.PutManifestAsync(stored.Provider);
        stored.Volume.Store.Tamper(newest, bytes =>
        {
            bytes[^100] ^= 1;
            return bytes;
        });
        var volume = (await stored.Bucket.OpenAsync(stored.Volume.Lineage))!;
        var damage = Assert.Single(volume.Damages);
        Assert.Equal((DamageKind.Manifest, newest), (damage.Kind, damage.BlobKey));
        Assert.Equal(stored.Volume.Head.CommittedSequence, volume.Sequence);
        await stored.Volume.VerifyAsync(volume.NewestImage);
    }

    [Fact]
    public async Task I3_segments_of_an_epoch_that_an_attach_ended_are_not_followed()
    {
        using var stored = await StoredScenario.CreateAsync(commitsAfterManifest: 0);
        var volume = stored.Volume;
        volume.Write(1, 8);
        await volume.SealAsync();
        // Another process attached: its epoch's manifest says that the segment above was never committed.
        volume.Attach();
        await volume.PutManifestAsync(stored.Provider);
        var found = (await stored.Bucket.OpenAsync(volume.Lineage))!;
        Assert.Empty(found.Followed);
        Assert.Null(found.ChainEndsBecause);
        Assert.Equal(volume.Head, found.Manifest.Head);
    }

    [Fact]
    public async Task The_higher_epoch_wins_where_the_manifest_of_its_attach_is_damaged()
    {
        using var stored = await StoredScenario.CreateAsync(commitsAfterManifest: 0);
        var volume = stored.Volume;
        var fenced = volume.Fork();
        fenced.Write(1, 8);
        await fenced.SealAsync();
        volume.Attach();
        volume.Write(9, 8);
        await volume.CommitAsync();
        var found = (await stored.Bucket.OpenAsync(volume.Lineage))!;
        Assert.Equal(volume.Head.Epoch, Assert.Single(found.Followed).Header.Identity.Epoch);
    }

    [Fact]
    public async Task Two_different_segments_of_one_epoch_end_the_chain_and_two_equal_ones_do_not()
    {
        using var stored = await StoredScenario.CreateAsync(commitsAfterManifest: 0);
        var volume = stored.Volume;
        await SealTwiceAsync(volume, differently: false);
        Assert.Single((await stored.Bucket.OpenAsync(volume.Lineage))!.Followed);

        using var other = await StoredScenario.CreateAsync(commitsAfterManifest: 0);
        await SealTwiceAsync(other.Volume, differently: true);
        var found = (await other.Bucket.OpenAsync(other.Volume.Lineage))!;
        Assert.Empty(found.Followed);
        Assert.Contains("different segments", found.ChainEndsBecause, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_accounts_key_opens_nothing_and_says_so()
    {
        using var stored = await StoredScenario.CreateAsync();
        using var foreign = await StoredScenario.CreateAsync();
        var wrong = await Assert.ThrowsAsync<StoreKeyException>(() => new Bucket(stored.Volume.Store, new KeyFileReader(foreign.Directory)).OpenAsync(stored.Volume.Lineage));
        Assert.Contains("None of the 1 head manifests", wrong.Message, StringComparison.Ordinal);
        Directory.Delete(foreign.Directory, recursive: true);
        Directory.CreateDirectory(foreign.Directory);
        await Assert.ThrowsAsync<StoreKeyException>(() => new Bucket(stored.Volume.Store, new KeyFileReader(foreign.Directory)).OpenAsync(stored.Volume.Lineage));
        Assert.Null(await stored.Bucket.OpenAsync(new LineageId("123456789012", "vol-9")));
    }

    [Fact]
    public async Task I3_what_real_agents_uploaded_reads_as_a_prefix_of_their_writes_and_holds_all_that_was_committed()
    {
        for (var seed = 0; seed < 6; seed++)
        {
            const long SizeBytes = 2 << 20;
            var service = new ModelService("vol-00000000000000000007", SizeBytes, seed);
            (service.Faults.ReplyLost, service.Faults.TransferReplyLost) = (0.1, 0.1);
            using var keys = new TemporaryKeys();
            var writer = new SequentialWriter(SizeBytes, seed);
            await using (var agent = AgentVolume.Open(service, LockedDisk.Seeded(seed)))
            {
                await writer.StepsAsync(agent.Device, 60);
                await agent.DrainAsync();
                // One manifest with each epoch, as the grain stores it; what follows is for the chain to tell.
                foreach (var first in service.Heads.GroupBy(head => head.Epoch).Select(epoch => epoch.First())) await service.PutManifestAsync(keys.Provider, first);
                await writer.StepsAsync(agent.Device, 120);
                await agent.DrainAsync();
            }
            var volume = (await new Bucket(service.Store, keys.Provider).OpenAsync(service.Head.Lineage))!;
            Assert.True(volume.Followed.Count > 0);
            Assert.True(volume.Sequence >= service.Head.CommittedSequence);
            var prefixes = writer.PrefixesOf(await service.ReadAsync(volume.NewestImage));
            Assert.Contains(writer.Completed, prefixes);
        }
    }

    /// <summary>A range is sealed and stored twice; by two processes with one epoch, which no service grants, differently.</summary>
    private static async Task SealTwiceAsync(VolumeScenario volume, bool differently)
    {
        var twin = volume.Fork();
        volume.Write(1, 8);
        await volume.SealAsync();
        if (differently) twin.Write(9, 8);
        else twin.WriteAs(volume, 1, 8);
        await twin.SealAsync();
    }
}
