using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Reclaim;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Reclaim;

/// <summary>What reclaim does to a scenario's volume, as a worker and a grain would do it.</summary>
internal static class ReclaimScenario
{
    public static async Task SaveAsync(VolumeScenario volume, PreparedChange? change)
    {
        if (change is not null) await volume.SaveAsync(await volume.PublishAsync(change));
    }

    public static async Task DeleteAsync(VolumeScenario volume, params string[] snapshotIds)
    {
        var estimate = await SnapshotDeletion.EstimateAsync(volume.Head, snapshotIds, volume.Segments);
        await ReleaseAsync(volume);
        var needed = await NeededAsync(volume);
        await SaveAsync(volume, await SnapshotDeletion.PrepareAsync(volume.Head, snapshotIds, volume.Now, volume.Segments, volume.Sealer, volume.Limits));
        await AgreeAsync(volume);
        await ReleaseAsync(volume);
        Assert.Equal(estimate.Bytes, needed - await NeededAsync(volume));
        foreach (var id in snapshotIds) volume.SnapshotModels.Remove(id);
    }

    /// <summary>Goes on with what changes have left, to the end; returns the units that it took.</summary>
    public static async Task<int> ReleaseAsync(VolumeScenario volume)
    {
        var units = 0;
        for (; await PendingReleases.PrepareAsync(volume.Head, volume.Now, volume.Segments, volume.Sealer, volume.Limits) is { } change; units++)
            await SaveAsync(volume, change);
        return units;
    }

    public static async Task ExpandAsync(VolumeScenario volume, int maxPages = 2048)
    {
        var limits = volume.Limits with { Pages = maxPages };
        while (await SubtreeExpansion.PrepareAsync(volume.Head, volume.Now, volume.Segments.At(volume.Relocations), volume.Sealer, limits) is { } change) await SaveAsync(volume, change);
    }

    /// <summary>Keeps a recovery point as a snapshot, when the window still reaches back to it.</summary>
    public static async Task KeepPointAsync(VolumeScenario volume, long sequence)
    {
        var id = $"kept-{sequence}";
        if (await PointRetention.SnapshotAsync(volume.Head, sequence, id, volume.Now, volume.Segments, volume.Sealer) is not { } kept) return;
        await SaveAsync(volume, kept);
        volume.SnapshotModels[id] = volume.PointModels[sequence];
    }

    /// <summary>A fold that is published after commits and cuts came in behind it.</summary>
    public static async Task FoldWhileCommittingAsync(VolumeScenario volume, long sector, int count)
    {
        var fold = await volume.PrepareFoldAsync();
        for (var i = 0; i < count; i++)
        {
            volume.Write(sector + i, 1);
            await volume.CommitAsync(i % 9 == 4 ? [$"late-{volume.Head.CommittedSequence}"] : []);
        }
        if (fold is not null) await SaveAsync(volume, (await volume.PrepareAsync(fold))!);
    }

    /// <summary>The manifest that the head names is in the bucket; its content does not matter here.</summary>
    public static async Task StoreManifestAsync(VolumeScenario volume)
    {
        if (volume.Head.Manifest is { } manifest) await volume.Store.PutIfAbsentAsync(manifest.BlobKey, new byte[] { 1 });
    }

    /// <summary>Compacts all there is, and deletes what is condemned as if all grace had passed.</summary>
    public static async Task CompactAsync(VolumeScenario volume)
    {
        while (await volume.CompactAsync() is not null)
        {
        }
        await volume.BuryAsync();
    }

    /// <summary>Deletes the volume: what it held is freed but for what others hold.</summary>
    public static async Task RetireAsync(VolumeScenario volume)
    {
        await volume.FoldAsync();
        while (await VolumeRetirement.IsDueAsync(volume.Head, volume.Segments))
            await SaveAsync(volume, await VolumeRetirement.PrepareAsync(volume.Head, volume.Now, volume.Segments, volume.Sealer, volume.Limits));
        await AgreeAsync(volume);
        await ReleaseAsync(volume);
        await ExpandAsync(volume);
        await AgreeAsync(volume);
    }

    /// <summary>Everything retained reads right, and accounting and auditor agree.</summary>
    public static async Task VerifyAsync(VolumeScenario volume)
    {
        await AgreeAsync(volume);
        await volume.VerifyAsync(null, volume.PointModels[volume.Head.CommittedSequence]);
        foreach (var (id, model) in volume.SnapshotModels)
            await volume.VerifyAsync((await volume.OpenCatalogue().FindSnapshotAsync(id))!.Image, model);
        var kept = await volume.OpenCatalogue().ListSnapshotsAsync().Where(cut => cut.SnapshotId.StartsWith(RecoveryPoints.KeptPrefix, StringComparison.Ordinal)).ToArrayAsync();
        foreach (var cut in kept) await volume.VerifyAsync(cut.Image, volume.PointModels[cut.Sequence]);
    }

    private static async Task AgreeAsync(VolumeScenario volume)
    {
        var problems = await Audit.CompareAsync(volume.Head, await Auditor.MarkAsync(volume.Head, volume.Segments.At(volume.Relocations)), volume.Segments);
        Assert.True(problems.Count == 0, string.Join(Environment.NewLine, problems));
    }

    private static async Task<long> NeededAsync(VolumeScenario volume) => await volume.OpenCatalogue().ListLivesAsync().Select(life => life.NeededBytes).SumAsync();
}
