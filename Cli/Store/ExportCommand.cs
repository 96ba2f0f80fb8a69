using System.CommandLine;
using Tidegate.BlockStore.Export;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Rebuild;
using Tidegate.Cli.Commands;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Store;

/// <summary><c>tidegate store export</c>: a snapshot, or the newest point, becomes a raw image.</summary>
internal static class ExportCommand
{
    private const string StandardOutput = "-";

    public static Command Create(GlobalOptions globals, BucketOptions buckets)
    {
        var volume = new Argument<string>("VOLUME") { Description = "ACCOUNT/VOLUME or a volume's id" };
        var to = new Option<string>("--to") { Description = "File to write, sparse; - for standard output", HelpName = "FILE", Required = true };
        var snapshot = new Option<string>("--snapshot") { Description = "Id of a snapshot; the newest point without it", HelpName = "SNAPSHOT", DefaultValueFactory = static _ => StoredVolume.HeadImage };
        var force = new Option<bool>("--force") { Description = "Replace the file when it exists" };
        var noHash = new Option<bool>("--no-hash") { Description = "Leave out the SHA-256, which takes a minute for every 100 GiB, empty ones too" };
        var lease = new Option<bool>("--lease") { Description = "Hold the snapshot through the service (--api, --key or a profile) until it is written, whatever is deleted meanwhile" };
        var command = new Command("export", "Write a snapshot as a raw image. The file appears when it is whole.") { volume, to, snapshot, force, noHash, lease };
        command.SetAction(async (parsed, cancellation) =>
        {
            var printer = globals.CreatePrinter(parsed);
            var file = parsed.GetValue(to)!;
            if (file != StandardOutput && !parsed.GetValue(force) && Path.Exists(file))
                throw new TidegateException(ErrorCodes.InvalidState, $"'{file}' exists already.", "Choose another name, or give --force to replace it.");
            if (parsed.GetValue(lease) && parsed.GetValue(snapshot) == StoredVolume.HeadImage)
                throw new TidegateException(ErrorCodes.InvalidArgument, "A lease is held on a snapshot, and none is named.", "Name one with --snapshot; take one first if need be.");
            using var session = parsed.GetValue(lease) ? globals.Open(parsed) : null;
            await using var held = session is null ? null : await ExportLease.TakeAsync(
                session.Client, parsed.GetValue(snapshot)!, session.Printer.Note, TimeProvider.System, cancellation);
            var stored = await BucketOptions.OpenVolumeAsync(buckets.Open(parsed), parsed.GetValue(volume)!, cancellation);
            var (name, sequence, image) = await FindAsync(stored, parsed.GetValue(snapshot)!, cancellation);
            var reader = await ImageReader.OpenAsync(image, stored.Segments, cancellationToken: cancellation);
            var result = await printer.Progress.RunAsync(
                $"Exporting {name}", progress => RunAsync(reader, !parsed.GetValue(noHash), file, parsed.GetValue(force), progress, cancellation));
            // Standard output is the image's; what is known of it goes where notes go.
            if (file == StandardOutput) printer.Note($"{result.SizeBytes} bytes, SHA-256 {result.Sha256 ?? "not computed"}");
            else Print(printer, new ExportView(stored.Lineage.ToString(), name, sequence, Path.GetFullPath(file), result.SizeBytes, result.DataBytes, result.Sha256));
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<(string Name, long Sequence, ImageDescriptor Image)> FindAsync(StoredVolume stored, string snapshotId, CancellationToken cancellationToken)
    {
        if (snapshotId == StoredVolume.HeadImage) return (snapshotId, stored.Sequence, stored.NewestImage);
        var found = await stored.OpenCatalogue().FindSnapshotAsync(snapshotId, cancellationToken)
            ?? throw new TidegateException(
                ErrorCodes.NotFound, $"{stored.Lineage} has no snapshot '{snapshotId}'.", $"See which it has: tidegate store inspect {stored.Lineage}.");
        return (snapshotId, found.Sequence, found.Image);
    }

    private static async Task<ExportResult> RunAsync(
        ImageReader reader, bool withHash, string file, bool mayReplace, Action<double, string> progress, CancellationToken cancellationToken)
    {
        var export = new ImageExport(reader)
        {
            WithHash = withHash,
            Progress = at => progress(at.SizeBytes == 0 ? 1 : (double)at.Position / at.SizeBytes, ByteSize.Format(at.SizeBytes)),
        };
        if (file != StandardOutput) return await export.ToFileAsync(file, mayReplace, cancellationToken);
        await using var output = Console.OpenStandardOutput();
        return await export.ToStreamAsync(output, cancellationToken);
    }

    private static void Print(Printer printer, ExportView view) => printer.One(
        view, StoreJson.Default.ExportView,
        ("Volume", view.Volume), ("Point", view.Image), ("File", view.File), ("Size", ByteSize.Format(view.SizeBytes)),
        ("Data", ByteSize.Format(view.DataBytes)), ("SHA-256", view.Sha256));
}
