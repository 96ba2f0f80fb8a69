using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Compaction;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Compaction;

/// <summary>What one job does and does not do, and what a reader says when something of it is not as it was.</summary>
public sealed class CompactionTests
{
    [Fact]
    public async Task Garbage_goes_emptiest_first_until_the_ratio_holds_and_what_is_condemned_is_gone()
    {
        var volume = await OverwrittenAsync();
        var before = await FramesAsync(volume);
        while (await volume.CompactAsync(VolumeScenario.Eager with { TargetRatio = 1.3, MinSmallBlobs = int.MaxValue }) is { } job)
            Assert.True(job.CondemnedBytes > job.StoredBytes);
        var after = await FramesAsync(volume);
        Assert.True(before.Stored > before.Held * 1.3);
        Assert.True(after.Stored <= after.Held * 1.3, $"{after.Stored} stored, {after.Held} held");
        Assert.Equal(before.Held, after.Held);
        await volume.VerifyAsync();
    }

    [Fact]
    public async Task Too_little_garbage_is_left_alone()
    {
        var volume = await OverwrittenAsync();
        Assert.Null(await volume.PrepareCompactionAsync(new CompactionOptions()));
    }

    [Fact]
    public async Task A_job_is_bounded_and_jobs_go_on_where_the_last_one_stopped()
    {
        var volume = await OverwrittenAsync();
        var options = VolumeScenario.Eager with { MaxBlobs = 2 };
        var jobs = 0;
        for (; await volume.CompactAsync(options) is { } job; jobs++) Assert.InRange(job.Condemned.Count, 1, 2);
        Assert.InRange(jobs, 2, 100);
        await volume.VerifyAsync();
    }

    [Fact]
    public async Task What_only_a_snapshot_reaches_is_kept_and_goes_with_the_snapshot()
    {
        var volume = new VolumeScenario();
        volume.Write(0, 64);
        await volume.CommitAsync("kept");
        volume.Write(0, 60);
        await volume.CommitAsync();
        await volume.FoldAsync();
        var cut = (await volume.OpenCatalogue().FindSnapshotAsync("kept"))!;
        await CompactAllAsync(volume);
        await volume.VerifyAsync(cut.Image, volume.SnapshotModels["kept"]);
        var with = (await FramesAsync(volume)).Stored;

        await DeleteAsync(volume, "kept");
        await CompactAllAsync(volume);
        await volume.VerifyAsync();
        Assert.InRange((await FramesAsync(volume)).Stored, 1, with * 3 / 4);
    }

    [Fact]
    public async Task What_only_the_recovery_window_reaches_moves_too_and_every_point_still_reads()
    {
        var volume = new VolumeScenario { Retention = new Retention(TimeSpan.FromDays(3), TimeSpan.Zero, TimeSpan.Zero) };
        // The third write is one that does not compress.
        for (var write = 0; write < 3; write++) volume.Write(0, 640);
        await volume.CommitAsync();
        await volume.FoldAsync();
        volume.Write(0, 400);
        await volume.CommitAsync();
        for (var day = 0; day < 6; day++)
        {
            volume.Write(10_000, 16);
            await volume.CommitAsync();
            await volume.FoldAsync();
        }
        volume.Write(400, 240);
        await volume.CommitAsync();
        await volume.FoldAsync();
        var window = (await volume.OpenCatalogue().GetWindowAsync())!;
        var first = (await volume.OpenCatalogue().ListLivesAsync().FirstAsync(life => life.Segment.Identity is { Kind: SegmentKind.Data, Sequence: 1 }));
        Assert.True(window.FromSequence > 2 && first.LiveBytes == 0 && first.HeldBytes is > 0 && first.HeldBytes < first.TotalBytes);

        await CompactAllAsync(volume);
        Assert.DoesNotContain(first.Segment.Identity.BlobKey, volume.Store.Keys);
        for (var point = window.FromSequence; point <= volume.Head.CommittedSequence; point++)
        {
            var found = (await RecoveryPoints.FindAsync(volume.Head, volume.OpenCatalogue(), point, "point", volume.Segments, volume.Sealer))!.Value;
            foreach (var blob in found.Blobs) await volume.PutAsync(blob, default);
            await volume.VerifyAsync(found.Cut.Image, volume.PointModels[point]);
        }
        var problems = await Audit.CompareAsync(volume.Head, await Auditor.MarkAsync(volume.Head, volume.Segments), volume.Segments);
        Assert.Empty(problems);
        var frames = await FramesAsync(volume);
        Assert.True(frames.Stored <= frames.Held * 1.3, $"{frames.Stored} stored, {frames.Held} held");
    }

    [Fact]
    public async Task Small_segments_are_merged_though_nothing_in_them_is_garbage()
    {
        var volume = new VolumeScenario();
        for (var i = 0; i < 40; i++)
        {
            volume.Write(i * 100, 1);
            await volume.CommitAsync();
        }
        await volume.FoldAsync();
        var options = VolumeScenario.Eager with { MinSmallBlobs = 32, MaxBlobs = 100 };
        var job = await volume.CompactAsync(options);
        Assert.InRange(job!.Condemned.Count, 40, 60);
        Assert.Null(await volume.CompactAsync(options));
        Assert.Single(volume.Store.Keys, key => key.Contains("/moved/", StringComparison.Ordinal));
        await volume.VerifyAsync();
    }

    [Fact]
    public async Task The_first_of_two_jobs_wins_and_the_other_is_superseded()
    {
        var volume = await OverwrittenAsync();
        var one = await volume.PrepareCompactionAsync();
        var two = await volume.PrepareCompactionAsync();
        var publication = (await volume.PrepareAsync(one!))!;
        await volume.SaveAsync(await volume.PublishAsync(publication));
        Assert.Null(await volume.PrepareAsync(two!));
        Assert.Equal(HeadRefusalReason.Superseded, (await volume.PublishAsync(publication)).Refusal!.Reason);
        Assert.Equal(HeadRefusalReason.Superseded, HeadMachine.PublishCompaction(volume.Head, two!).Refusal!.Reason);
        await volume.BuryAsync();
        await volume.VerifyAsync();
    }

    [Fact]
    public async Task A_job_is_never_prepared_for_a_head_older_than_its_own()
    {
        var volume = await OverwrittenAsync();
        var older = volume.Head;
        volume.Write(0, 1);
        await volume.CommitAsync();
        await volume.FoldAsync();
        var job = await volume.PrepareCompactionAsync();
        Assert.True(job!.IsFor(volume.Head));
        Assert.Equal(older.Relocation, job.FromTable);
        Assert.False(job.IsFor(older));
    }

    [Fact]
    public async Task Blocks_rewritten_folded_and_cut_while_a_job_runs_keep_the_newer_frame()
    {
        var volume = await OverwrittenAsync();
        var job = (await volume.PrepareCompactionAsync())!;
        volume.Write(3, 40);
        await volume.CommitAsync("meanwhile");
        volume.Discard(20, 5);
        await volume.CommitAsync();
        await volume.FoldAsync();
        await volume.SaveAsync(await volume.PublishAsync((await volume.PrepareAsync(job))!));
        await volume.BuryAsync();
        await volume.VerifyAsync();
        await volume.VerifyAsync(
            (await volume.OpenCatalogue().FindSnapshotAsync("meanwhile"))!.Image, volume.SnapshotModels["meanwhile"]);
        await CompactAllAsync(volume);
        await volume.VerifyAsync();
    }

    [Fact]
    public async Task A_job_that_dies_at_any_put_or_is_never_published_leaves_orphans_alone()
    {
        for (var puts = 0; ; puts++)
        {
            var volume = await OverwrittenAsync();
            var left = puts;
            var compactor = new Compactor(
                volume.Segments, volume.Sealer,
                async (blob, token) => await volume.PutAsync(left-- > 0 ? blob : throw new IOException("the worker died"), token),
                VolumeScenario.Eager);
            var death = await Record.ExceptionAsync(() => compactor.CompactAsync(volume.Head));
            await volume.VerifyAsync();
            await CompactAllAsync(volume);
            await volume.VerifyAsync();
            if (death is null) break;
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task I5_a_clone_reads_its_cut_whatever_was_moved_though_the_cut_is_gone(bool isConfirmed)
    {
        var volume = await OverwrittenAsync();
        volume.Write(3, 40);
        await volume.CommitAsync("cut");
        var clone = await volume.CloneAsync("vol-9", "cut", isConfirmed);
        await volume.FoldAsync();
        volume.Write(0, 60);
        await volume.CommitAsync();
        await volume.FoldAsync();
        await DeleteAsync(volume, "cut");
        await CompactAllAsync(volume);
        await volume.BuryAsync();
        await clone.VerifyAsync();
        await volume.VerifyAsync();
    }

    [Fact]
    public async Task I5_accounts_that_call_reachable_frames_free_stop_the_job()
    {
        var volume = await OverwrittenAsync();
        await volume.ChangeCatalogueAsync(async catalogue =>
        {
            var lives = new List<SegmentLife>();
            await foreach (var life in catalogue.ListLivesAsync()) lives.Add(life);
            foreach (var life in lives) await catalogue.PutLifeAsync(life with { LiveBytes = life.LiveBytes / 2 }, default);
        });
        var error = await Assert.ThrowsAsync<CorruptDataException>(() => volume.PrepareCompactionAsync());
        Assert.Contains("as reachable", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task I6_a_frame_that_is_damaged_is_not_copied()
    {
        var volume = await OverwrittenAsync();
        foreach (var key in volume.Store.Keys.Where(key => key.Contains("/0000000000000001/", StringComparison.Ordinal)))
            volume.Store.Tamper(key, bytes =>
            {
                for (var i = SegmentFormat.HeaderBytes; i < SegmentFormat.HeaderBytes + 200; i++) bytes[i] ^= 1;
                return bytes;
            });
        var error = await Assert.ThrowsAsync<CorruptDataException>(() => CompactAllAsync(volume));
        Assert.Contains("does not authenticate", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task I6_every_flipped_byte_of_containers_and_tables_is_an_error_or_harmless_and_never_data()
    {
        var volume = await OverwrittenAsync();
        await CompactAllAsync(volume);
        var random = new Random(7);
        foreach (var key in volume.Store.Keys.Where(key => key.Contains("/moved/", StringComparison.Ordinal) || key.Contains("/relocation/", StringComparison.Ordinal)))
        {
            for (var i = 0; i < 30; i++)
            {
                var at = 0;
                volume.Store.Tamper(key, bytes =>
                {
                    at = random.Next(bytes.Length);
                    bytes[at] ^= 0x40;
                    return bytes;
                });
                if (await Record.ExceptionAsync(() => volume.VerifyAsync()) is { } error) Assert.IsType<CorruptDataException>(error);
                volume.Store.Tamper(key, bytes =>
                {
                    bytes[at] ^= 0x40;
                    return bytes;
                });
            }
        }
        await volume.VerifyAsync();
    }

    [Fact]
    public async Task I6_a_container_under_anothers_name_and_a_table_of_another_time_are_named()
    {
        var volume = await OverwrittenAsync();
        var old = (await volume.CompactAsync(VolumeScenario.Eager with { MaxBlobs = 2 }))!;
        var image = volume.Head.ToImage();
        await CompactAllAsync(volume);
        var containers = volume.Store.Keys.Where(key => key.Contains("/moved/", StringComparison.Ordinal)).ToArray();
        Assert.True(containers.Length > 1);
        var bytes = new Dictionary<string, byte[]>();
        foreach (var key in containers) volume.Store.Tamper(key, content => bytes[key] = content);
        volume.Store.Tamper(containers[0], _ => bytes[containers[^1]]);
        var error = await Assert.ThrowsAsync<CorruptDataException>(() => volume.VerifyAsync());
        Assert.Contains(containers[0], error.Message, StringComparison.Ordinal);
        volume.Store.Tamper(containers[0], _ => bytes[containers[0]]);

        // Readers with the old table miss what was deleted since: an error that says what to do, never data.
        var stale = image.At([new RelocationRoot(volume.Lineage, old.Table!)]);
        var reader = Tidegate.BlockStore.Images.ImageReader.OpenAsync(stale, new SegmentCache(new BlobStoreSource(volume.Store), volume.Ring));
        var missing = await Record.ExceptionAsync(async () => await (await reader).ReadAsync(0, new byte[1 << 20]));
        Assert.IsType<BlobNotFoundException>(missing);
    }

    [Fact]
    public async Task A_moved_segment_does_not_pass_for_a_whole_one()
    {
        var volume = new VolumeScenario();
        volume.Write(0, 40);
        await volume.CommitAsync();
        var image = volume.Head.ToImage();
        volume.Write(0, 30);
        await volume.CommitAsync();
        await volume.FoldAsync();
        await CompactAllAsync(volume);
        var error = await Assert.ThrowsAsync<CorruptDataException>(() => volume.OpenAsync(image));
        Assert.Contains("moved to", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_option_out_of_range_is_named()
    {
        var error = Assert.Throws<ArgumentException>(() => new CompactionOptions
        {
            TargetRatio = 1,
            MinGarbageBytes = -1,
            MaxCopiedBytes = 1,
            MaxBlobs = 1,
            ContainerBytes = 1,
            SmallBlobBytes = -1,
            MinSmallBlobs = 1,
        }.Validated());
        foreach (var property in typeof(CompactionOptions).GetProperties()) Assert.Contains(property.Name, error.Message, StringComparison.Ordinal);
    }

    private static async Task DeleteAsync(VolumeScenario volume, string snapshotId) => await volume.SaveAsync(await volume.PublishAsync(
        (await SnapshotDeletion.PrepareAsync(volume.Head, [snapshotId], volume.Now, volume.Segments, volume.Sealer))!));

    private static async Task CompactAllAsync(VolumeScenario volume)
    {
        while (await volume.CompactAsync() is not null)
        {
        }
    }

    /// <summary>A volume most of whose segments are mostly overwritten, folded.</summary>
    private static async Task<VolumeScenario> OverwrittenAsync()
    {
        var volume = new VolumeScenario();
        var random = new Random(11);
        for (var i = 0; i < 12; i++)
        {
            for (var write = 0; write < 40; write++) volume.Write(random.Next(160) * 16, 16);
            await volume.CommitAsync();
            if (i % 4 == 3) await volume.FoldAsync();
        }
        return volume;
    }

    /// <summary>Frame bytes in the bucket's data, map and moved blobs, and those that the accounts call live.</summary>
    private static async Task<(long Stored, long Held)> FramesAsync(VolumeScenario volume)
    {
        var census = await SpaceCensus.TakeAsync(
            volume.OpenCatalogue(), new RelocationTable(volume.Lineage, volume.Head.Relocation, volume.Segments), default);
        return (census.StoredBytes, census.HeldBytes);
    }
}
