using CsCheck;
using Tidegate.BlockStore.Reclaim;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Reclaim;

/// <summary>
/// Random histories of a volume whose past is thrown away in any order: after every step everything retained reads right, and accounting
/// and auditor agree to the byte.
/// </summary>
public sealed class ReclaimHistoryTests
{
    private static readonly long[] Regions = [0, 40, 8191 - 5, 100 * 8192, (512L * 8192) - 5, (VolumeScenario.DefaultSize / 4096) - 64];

    private static readonly Gen<(int Kind, int Region, int Offset, int Count)[]> Histories =
        Gen.Select(Gen.Int[0, 29], Gen.Int[0, Regions.Length - 1], Gen.Int[0, 30], Gen.Int[1, 33]).Array[5, 90];

    private static readonly Gen<Retention> Retentions = Gen.Select(Gen.Int[0, 12], Gen.Int[0, 4], Gen.Int[0, 20]).Select(
        (window, every, keep) => new Retention(TimeSpan.FromDays(window), TimeSpan.FromDays(every), TimeSpan.FromDays(keep)));

    // Down to units so small that every deletion takes several, and others come between them.
    private static readonly Gen<ReclaimLimits> Limits = Gen.Select(Gen.Int[1, 40], Gen.Int[1, 12], Gen.Int[1, 60]).Select(
        (lists, segments, looked) => new ReclaimLimits { Lists = lists, Segments = segments, Looked = looked, Expired = segments });

    [Fact]
    public void I5_Accounting_and_auditor_agree_whatever_is_deleted_in_whatever_order()
    {
        Gen.Select(Histories, Retentions, Limits).SampleFixed(
            drawn => RunAsync(drawn.Item1, drawn.Item2, drawn.Item3).GetAwaiter().GetResult(), iter: 30);
    }

    private static async Task RunAsync((int, int, int, int)[] history, Retention retention, ReclaimLimits limits)
    {
        var volume = new VolumeScenario { Retention = retention, Limits = limits };
        var clones = new List<VolumeScenario>();
        await PlayAsync(volume, history, clones);
        foreach (var clone in clones)
        {
            await PlayAsync(clone, history[..(history.Length / 3)], []);
            await ReclaimScenario.VerifyAsync(clone);
        }

        foreach (var id in volume.SnapshotModels.Keys.ToArray()) await ReclaimScenario.DeleteAsync(volume, id);
        await ReclaimScenario.VerifyAsync(volume);
        await ReclaimScenario.RetireAsync(volume);
        foreach (var clone in clones) await ReclaimScenario.VerifyAsync(clone);
        if (clones.Count > 0) return;
        await ReclaimScenario.CompactAsync(volume);
        Assert.Empty(await volume.OpenCatalogue().ListLivesAsync().ToArrayAsync());
        Assert.Empty(await volume.OpenCatalogue().ListDeathsAsync().ToArrayAsync());
    }

    private static async Task PlayAsync(VolumeScenario volume, (int Kind, int Region, int Offset, int Count)[] history, List<VolumeScenario> clones)
    {
        var snapshots = 0;
        foreach (var (kind, region, offset, count) in history)
        {
            var sector = Regions[region] + offset;
            var known = volume.SnapshotModels.Keys.Order(StringComparer.Ordinal).ToArray();
            switch (kind)
            {
                case < 10: volume.Write(sector, count); break;
                case < 12: volume.Discard(sector, count); break;
                case 12: volume.Discard(Regions[region] / 8192 * 8192, 8192L * count); break;
                case 13 when offset < 7: volume.Discard(0, VolumeScenario.DefaultSize / 4096); break;
                case < 18: await volume.CommitAsync($"{volume.Lineage.VolumeId}-snap-{snapshots++:d2}"); break;
                case < 21: await volume.FoldAsync(); break;
                case 21 when known.Length > 0 && clones.Count < 3: clones.Add(await volume.CloneAsync($"vol-{clones.Count + 2}", known[offset % known.Length])); break;
                case < 25 when known.Length > 0: await ReclaimScenario.DeleteAsync(volume, known[offset % known.Length]); break;
                case 25: await ReclaimScenario.ExpandAsync(volume, maxPages: count); break;
                case 26 when volume.Head.CommittedSequence > 0: await ReclaimScenario.KeepPointAsync(volume, volume.Head.CommittedSequence - (offset % volume.Head.CommittedSequence)); break;
                case 27 when offset % 2 == 0: await ReclaimScenario.CompactAsync(volume); break;
                case 27 when offset % 3 == 0: await ReclaimScenario.ReleaseAsync(volume); break;
                case 27: await ReclaimScenario.FoldWhileCommittingAsync(volume, sector, count); break;
                default: await volume.CommitAsync(); break;
            }
            if (kind >= 18) await ReclaimScenario.VerifyAsync(volume);
        }
        await volume.CommitAsync();
        await ReclaimScenario.VerifyAsync(volume);
    }
}
