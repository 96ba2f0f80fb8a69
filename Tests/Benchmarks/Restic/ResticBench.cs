using System.Globalization;
using Tidegate.Tests.Benchmarks.Harness;
using Tidegate.Tests.Benchmarks.Serving;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Restic;

/// <summary>
/// Protecting a disk image: from its first write to the volume until a snapshot of it is complete, against restic backing up the
/// same file into a repository in a directory; then the same after 20.5 MiB of random 4 KiB changes. restic finds its image written
/// already and is timed for the backup alone; ours is timed from the first write.
/// </summary>
internal static class ResticBench
{
    private const long ChangedBytes = 5248L * 4096;

    public static async Task RunAsync(BenchContext context)
    {
        var rounds = context.IsQuick ? 2 : 3;
        var sizeBytes = (context.IsQuick ? 1024 : 4096) * 1024L * 1024;
        var passwordFile = Path.Combine(context.Work, "password");
        await File.WriteAllTextAsync(passwordFile, "bench");
        var image = Path.Combine(context.Work, "image.raw");
        List<double> first = [], incremental = [], ourFirst = [], theirFirst = [], ourIncremental = [], theirIncremental = [];
        for (var round = 1; round <= rounds; round++)
        {
            await WriteImageAsync(image, sizeBytes, seed: round);
            var repository = Path.Combine(context.Work, $"repository-{round}");
            Task<ProgramResult> ResticAsync(params string[] arguments) => context.RunAsync(
                Repository.Tool("restic"), ["--repo", repository, "--password-file", passwordFile, "--no-cache", .. arguments]);
            await ResticAsync("init");
            await using var volume = await ShadowedVolume.StartAsync(sizeBytes);

            theirFirst.Add(await SecondsAsync(() => ResticAsync("backup", image)));
            ourFirst.Add(await SecondsAsync(async () =>
            {
                await context.RunAsync(Repository.Tool("nbdcopy"), ["--flush", image, volume.Server.Uri]);
                await volume.SnapshotAsync();
            }));
            first.Add(theirFirst[^1] / ourFirst[^1]);

            await ChangeAsync(context, ["--ioengine=psync", $"--filename={image}"], sizeBytes, round);
            theirIncremental.Add(await SecondsAsync(() => ResticAsync("backup", image)));
            ourIncremental.Add(await SecondsAsync(async () =>
            {
                await ChangeAsync(context, ["--ioengine=nbd", $"--uri={volume.Server.Uri}", "--iodepth=32"], sizeBytes, round);
                await volume.SnapshotAsync();
            }));
            incremental.Add(theirIncremental[^1] / ourIncremental[^1]);
            BenchContext.Progress(FormattableString.Invariant(
                $"round {round}: first {ourFirst[^1]:F1} s, restic {theirFirst[^1]:F1} s; incremental {ourIncremental[^1]:F2} s, restic {theirIncremental[^1]:F1} s"));
            Directory.Delete(repository, recursive: true);
        }
        var peer = (await context.RunAsync(Repository.Tool("restic"), ["version"])).Output.Split(" compiled")[0] + ", directory repository";
        context.Report.Figures["first_upload_vs_restic"] = Figure.Of(first, "ratio", peer);
        context.Report.Figures["incremental_vs_restic"] = Figure.Of(incremental, "ratio", peer);
        context.Report.Figures["first_upload_s"] = Figure.Of(ourFirst, "s");
        context.Report.Figures["incremental_s"] = Figure.Of(ourIncremental, "s");
        context.Report.Figures["restic_first_s"] = Figure.Of(theirFirst, "s", peer);
        context.Report.Figures["restic_incremental_s"] = Figure.Of(theirIncremental, "s", peer);
        context.Report.Notes["imageMib"] = sizeBytes >> 20;
        context.Report.Notes["changedMib"] = ChangedBytes / 1024.0 / 1024;
    }

    private static Task ChangeAsync(BenchContext context, string[] target, long sizeBytes, int seed) => context.RunAsync(
        Repository.Tool("fio"),
        [
            "--name=change", .. target, "--rw=randwrite", "--bs=4k", string.Create(CultureInfo.InvariantCulture, $"--size={sizeBytes}"),
            string.Create(CultureInfo.InvariantCulture, $"--io_size={ChangedBytes}"), "--norandommap",
            string.Create(CultureInfo.InvariantCulture, $"--randseed={seed}"), "--buffer_compress_percentage=50", "--refill_buffers", "--end_fsync=1",
        ]);

    /// <summary>An image that compresses to about half and repeats no block, so that neither side gains from deduplication.</summary>
    private static async Task WriteImageAsync(string path, long sizeBytes, int seed)
    {
        await using var file = File.Create(path);
        var random = new Random(seed);
        var piece = new byte[1024 * 1024];
        for (long at = 0; at < sizeBytes; at += piece.Length)
        {
            for (var sector = 0; sector < piece.Length; sector += 4096)
                random.NextBytes(piece.AsSpan(sector, 2048));
            await file.WriteAsync(piece);
        }
    }

    private static async Task<double> SecondsAsync(Func<Task> work)
    {
        var started = TimeProvider.System.GetTimestamp();
        await work();
        return TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }
}
