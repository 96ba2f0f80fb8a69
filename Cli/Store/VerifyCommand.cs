using System.CommandLine;
using System.Globalization;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Verification;
using Tidegate.Cli.Commands;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;

namespace Tidegate.Cli.Store;

/// <summary><c>tidegate store verify</c>: reads all that volumes reach and names what is damaged.</summary>
internal static class VerifyCommand
{
    private const int ShownDamages = 100;

    public static Command Create(GlobalOptions globals, BucketOptions buckets)
    {
        var volume = new Argument<string?>("VOLUME") { Description = "ACCOUNT/VOLUME or a volume's id; all volumes without it", Arity = ArgumentArity.ZeroOrOne };
        var account = new Option<string?>("--account") { Description = "Only this account's volumes", HelpName = "ACCOUNT" };
        var quick = new Option<bool>("--quick") { Description = "Check pages, indexes and lengths, and leave out the data itself" };
        var command = new Command("verify", "Check every page, index and frame that volumes and snapshots reach. Exit code 10 when something is damaged.") { volume, account, quick };
        command.SetAction(async (parsed, cancellation) =>
        {
            var printer = globals.CreatePrinter(parsed);
            var bucket = buckets.Open(parsed);
            var volumes = await VolumesAsync(bucket, parsed.GetValue(volume), parsed.GetValue(account) ?? "", cancellation);
            var verifier = new StoreVerifier(bucket, new VerifyOptions { IsQuick = parsed.GetValue(quick) });
            var start = globals.Time.GetTimestamp();
            var report = await printer.Progress.RunAsync("Verifying", progress => verifier.RunAsync(volumes, at => Show(progress, at), cancellation));
            Print(printer, report, parsed.GetValue(quick), globals.Time.GetElapsedTime(start));
            return report.IsSound ? ExitCode.Success : ExitCode.Damaged;
        });
        return command;
    }

    private static async Task<List<LineageId>> VolumesAsync(Bucket bucket, string? name, string accountId, CancellationToken cancellationToken)
    {
        if (name is not null) return [await BucketOptions.FindAsync(bucket, name, cancellationToken)];
        var all = new List<LineageId>();
        await foreach (var (lineage, _) in bucket.ListVolumesAsync(accountId, cancellationToken)) all.Add(lineage);
        return all;
    }

    private static void Show(Action<double, string> progress, VerifyProgress at) =>
        progress(at.Total == 0 ? 0 : (double)at.Done / at.Total, at.Total == 0 ? "maps" : ByteSize.Format(at.Total));

    private static void Print(Printer printer, VerifyReport report, bool isQuick, TimeSpan took)
    {
        var view = new VerifyView(
            report.IsSound,
            isQuick,
            [.. report.Volumes.Select(v => new VerifiedVolumeView(v.Lineage.ToString(), v.ManifestKey, v.Version, v.Epoch, v.Sequence, v.FollowedSegments, v.Snapshots))],
            report.Pages,
            report.Segments,
            report.Frames,
            report.BytesRead,
            Math.Round(took.TotalSeconds, 3),
            report.DamageCount,
            [.. report.Damages.Select(DamageView.Of)]);
        printer.One(
            view, StoreJson.Default.VerifyView,
            ("Result", report.IsSound ? "sound" : $"{report.DamageCount} damaged"),
            ("Volumes", Number(report.Volumes.Count)), ("Snapshots", Number(report.Volumes.Sum(v => (long)v.Snapshots))),
            ("Pages", Number(report.Pages)), ("Segments", Number(report.Segments)), ("Frames", Number(report.Frames)),
            ("Read", isQuick ? "no data (--quick)" : ByteSize.Format(report.BytesRead)), ("Took", Printer.Age(took.TotalSeconds)));
        if (report.IsSound) return;
        printer.Table(
            ["What", "Blob", "Frame", "Block", "Met in", "Problem"],
            report.Damages.Take(ShownDamages).Select(static d => new[]
            {
                Printer.Word(d.Kind), d.BlobKey, Number(d.Index), Number(d.Block), d.Image is null ? d.Volume.ToString() : $"{d.Volume} {d.Image}", d.Problem,
            }));
        if (report.DamageCount > ShownDamages) printer.Note($"{report.DamageCount - ShownDamages} more; --output json names up to {report.Damages.Count}.");
    }

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
