using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Verification;
using Tidegate.Tests.Unit.BlockStore.Rebuild;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Verification;

/// <summary>Damage of every kind is found and named; what is sound is called sound.</summary>
public sealed class StoreVerifierTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sound_store_is_sound(bool isQuick)
    {
        using var stored = await StoredScenario.CreateAsync();
        var report = await VerifyAsync(stored, isQuick);
        Assert.True(report.IsSound, string.Join('\n', report.Damages));
        Assert.Equal([(5, 3), (1, 0)], report.Volumes.Select(v => (v.Snapshots, v.FollowedSegments)));
        Assert.True(report.Pages > 5 && report.Segments > 48 && report.Frames > 200);
        Assert.Equal(isQuick, report.BytesRead == 0);
    }

    [Fact]
    public async Task Every_blob_that_is_altered_cut_short_or_missing_is_named()
    {
        using var stored = await StoredScenario.CreateAsync();
        var store = stored.Volume.Store;
        var random = new Random(23);
        var kinds = new HashSet<DamageKind>();
        var unnamed = new List<string>();
        // A byte of the index or trailer of every blob in turn.
        foreach (var key in store.Keys)
        {
            var content = (await store.GetRangeAsync(key, 0, 1 << 26)).ToArray();
            foreach (var harm in new[] { "alter", "cut", "delete" })
            {
                if (harm == "delete") await store.DeleteAsync(key);
                else store.Tamper(key, bytes => harm == "cut" ? bytes[..^1] : Flip(bytes, bytes.Length - 1 - random.Next(200)));
                try
                {
                    var named = (await VerifyAsync(stored, isQuick: false)).Damages.Where(damage => key.StartsWith(damage.BlobKey, StringComparison.Ordinal)).ToArray();
                    foreach (var damage in named) kinds.Add(damage.Kind);
                    if (named.Length == 0) unnamed.Add($"{harm} {key}");
                }
                catch (StoreKeyException)
                {
                    Assert.Contains("/head/", key, StringComparison.Ordinal);
                    kinds.Add(DamageKind.Manifest);
                }
                await store.DeleteAsync(key);
                await store.PutIfAbsentAsync(key, content);
            }
        }
        Assert.Superset(new HashSet<DamageKind> { DamageKind.Segment, DamageKind.MapPage, DamageKind.CataloguePage, DamageKind.TailManifest, DamageKind.Manifest }, kinds);
        // Superseded catalogues and tail manifests are out of reach; of segments and map pages none is, as every cut is kept. And what
        // follows the manifest may be absent: it was never promised to be there.
        var followed = (await stored.Bucket.OpenAsync(stored.Volume.Lineage))!.Followed.Select(segment => "delete " + segment.Reference.Identity.BlobKey);
        Assert.All(unnamed.Except(followed), one => Assert.Matches("/(catalogue|tail)/", one));
    }

    [Fact]
    public async Task A_frame_that_a_fold_merged_is_checked_like_any_other()
    {
        using var stored = await StoredScenario.CreateAsync();
        var volume = stored.Volume;
        volume.Merging = new MergeOptions { TargetFrames = 1, MinBlocks = 1 };
        await volume.FoldAsync();
        await volume.PutManifestAsync(stored.Provider);
        Assert.True((await VerifyAsync(stored, isQuick: false)).IsSound);
        var key = volume.Store.Keys.First(key => key.Contains("/compact/", StringComparison.Ordinal));
        volume.Store.Tamper(key, bytes => Flip(bytes, SegmentFormat.HeaderBytes + 9));
        var damage = Assert.Single((await VerifyAsync(stored, isQuick: false)).Damages);
        Assert.Equal((DamageKind.Frame, key, 0), (damage.Kind, damage.BlobKey, damage.Index));
    }

    [Fact]
    public async Task A_frame_is_named_with_its_index_and_block_and_quick_leaves_it_out()
    {
        using var stored = await StoredScenario.CreateAsync();
        var segment = stored.Volume.Head.Tail.Inline[^1].Segment;
        var reader = await stored.Volume.Segments.OpenAsync(segment, default);
        var entry = reader.Index.Entries[1];
        stored.Volume.Store.Tamper(segment.Identity.BlobKey, bytes => Flip(bytes, entry.Offset + (entry.StoredBytes / 2)));
        var damage = Assert.Single((await VerifyAsync(stored, isQuick: false)).Damages);
        Assert.Equal(
            (DamageKind.Frame, segment.Identity.BlobKey, 1, (long)entry.Block, StoredVolume.HeadImage),
            (damage.Kind, damage.BlobKey, damage.Index, damage.Block, damage.Image));
        Assert.True((await VerifyAsync(stored, isQuick: true)).IsSound);
    }

    [Fact]
    public async Task A_leading_header_that_differs_from_the_index_is_damage()
    {
        using var stored = await StoredScenario.CreateAsync();
        foreach (var key in new[] { stored.Volume.Head.Tail.Inline[0].Segment.Identity.BlobKey, stored.Volume.Head.Root!.Page.Segment.Identity.BlobKey })
        {
            stored.Volume.Store.Tamper(key, bytes => Flip(bytes, 40));
            var damage = Assert.Single((await VerifyAsync(stored, isQuick: false)).Damages);
            Assert.Equal((DamageKind.Segment, key), (damage.Kind, damage.BlobKey));
            stored.Volume.Store.Tamper(key, bytes => Flip(bytes, 40));
        }
    }

    [Fact]
    public async Task A_foreign_volumes_segment_under_this_ones_name_is_damage()
    {
        using var stored = await StoredScenario.CreateAsync();
        var key = stored.Volume.Head.Tail.Inline[0].Segment.Identity.BlobKey;
        var foreign = stored.Clone.Head.Tail.Inline[^1].Segment.Identity.BlobKey;
        var content = (await stored.Volume.Store.GetRangeAsync(foreign, 0, 1 << 26)).ToArray();
        stored.Volume.Store.Tamper(key, _ => content);
        var report = await VerifyAsync(stored, isQuick: true);
        Assert.Contains(report.Damages, damage => damage.BlobKey == key && damage.Kind == DamageKind.Segment);
    }

    [Fact]
    public async Task Blobs_of_a_volume_without_a_manifest_are_damage()
    {
        using var stored = await StoredScenario.CreateAsync();
        await stored.Volume.Store.PutIfAbsentAsync("123456789012/vol-3/0000000000000001/0000000000000001-00000000000000000000000000000001", new byte[4]);
        var damage = Assert.Single((await VerifyAsync(stored, isQuick: true)).Damages);
        Assert.Equal((DamageKind.Manifest, "123456789012/vol-3"), (damage.Kind, damage.Volume.ToString()));
    }

    private static async Task<VerifyReport> VerifyAsync(StoredScenario stored, bool isQuick)
    {
        var volumes = await stored.Bucket.ListVolumesAsync().Select(volume => volume.Lineage).ToListAsync();
        return await new StoreVerifier(stored.Bucket, new VerifyOptions { IsQuick = isQuick }).RunAsync(volumes);
    }

    private static byte[] Flip(byte[] bytes, int at)
    {
        bytes[at] ^= 0x10;
        return bytes;
    }
}
