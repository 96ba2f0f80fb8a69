using System.CommandLine;
using System.Globalization;
using Tidegate.BlockStore.Rebuild;
using Tidegate.Cli.Commands;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;

namespace Tidegate.Cli.Store;

/// <summary><c>tidegate store inspect</c>: what the bucket says, in words.</summary>
internal static class InspectCommand
{
    public static Command Create(GlobalOptions globals, BucketOptions buckets)
    {
        var volume = new Argument<string?>("VOLUME") { Description = "ACCOUNT/VOLUME or a volume's id; the list of all volumes without it", Arity = ArgumentArity.ZeroOrOne };
        var account = new Option<string?>("--account") { Description = "List only this account's volumes", HelpName = "ACCOUNT" };
        var catalogue = new Option<bool>("--catalogue") { Description = "Show every record of the catalogue: pins, tombstones, accounting" };
        var command = new Command("inspect", "Show what is stored: volumes, or one volume's head, snapshots, tail, blobs and catalogue.") { volume, account, catalogue };
        command.SetAction(async (parsed, cancellation) =>
        {
            var printer = globals.CreatePrinter(parsed);
            var bucket = buckets.Open(parsed);
            if (parsed.GetValue(volume) is { } name)
            {
                var stored = await BucketOptions.OpenVolumeAsync(bucket, name, cancellation);
                Print(printer, await VolumeInspection.ReadAsync(bucket, stored, parsed.GetValue(catalogue), cancellation));
            }
            else
            {
                Print(printer, await ListAsync(bucket, parsed.GetValue(account) ?? "", cancellation));
            }
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task<IReadOnlyList<StoredVolumeView>> ListAsync(Bucket bucket, string accountId, CancellationToken cancellationToken)
    {
        var found = new List<StoredVolumeView>();
        await foreach (var (lineage, _) in bucket.ListVolumesAsync(accountId, cancellationToken))
        {
            try
            {
                if (await bucket.OpenAsync(lineage, cancellationToken) is not { } stored)
                {
                    found.Add(new StoredVolumeView(lineage.ToString(), null, null, null, null, null, "no head manifest is stored"));
                    continue;
                }
                var snapshots = await stored.OpenCatalogue().ListSnapshotsAsync(cancellationToken).CountAsync(cancellationToken);
                var newest = stored.Followed.Count > 0 ? stored.Followed[^1].StoredAt : stored.Manifest.Head.CommittedAt;
                found.Add(new StoredVolumeView(
                    lineage.ToString(), stored.ManifestKey, stored.Manifest.Head.SizeBytes, stored.Sequence, stored.Sequence > 0 ? newest : null, snapshots, stored.ChainEndsBecause));
            }
            catch (StoreKeyException wrong)
            {
                found.Add(new StoredVolumeView(lineage.ToString(), null, null, null, null, null, wrong.Message));
            }
        }
        return found;
    }

    private static void Print(Printer printer, IReadOnlyList<StoredVolumeView> volumes) => printer.Many(
        volumes, StoreJson.Default.IReadOnlyListStoredVolumeView, "The bucket holds no volumes.",
        ["Volume", "Size", "Sequence", "Newest point", "Snapshots", "Problem"],
        static v => [v.Volume, v.SizeBytes is { } size ? ByteSize.Format(size) : "", Number(v.Sequence), Printer.Time(v.RecoveryPointAt), Number(v.Snapshots), v.Problem ?? ""]);

    private static void Print(Printer printer, InspectView view)
    {
        var head = view.Head;
        printer.One(
            view, StoreJson.Default.InspectView,
            ("Volume", view.Volume), ("Manifest", view.Manifest), ("Size", ByteSize.Format(head.SizeBytes)), ("Version", Number(head.Version)),
            ("Incarnation", Number(head.Incarnation)), ("Epoch", Number(head.Epoch)), ("Committed", $"sequence {head.CommittedSequence}, log end {head.CommittedLogEnd}, {Printer.Time(head.CommittedAt)}"),
            ("Tip digest", head.TipDigest), ("Base", $"sequence {head.BaseSequence}, {head.Root ?? "all zero"}"), ("Catalogue", head.CatalogueRoot ?? "empty"),
            ("Relocation", head.Relocation), ("Keys", string.Join(", ", view.Keys)));
        printer.Table(
            ["Snapshot", "Sequence", "Committed", "Host time", "Size"],
            view.Snapshots.Select(static s => new[] { s.SnapshotId, Number(s.Sequence), Printer.Time(s.CommittedAt), Printer.Time(s.HostTime), ByteSize.Format(s.SizeBytes) }));
        printer.Table(
            ["Tail segment", "Log end", "Size", "Host time", "After the manifest"],
            view.Tail.Select(static t => new[] { t.Blob, Number(t.LogEnd), ByteSize.Format(t.LengthBytes), Printer.Time(t.HostTime), t.IsAfterManifest ? "yes" : "" }));
        printer.Table(["Stored", "Blobs", "Size"], view.Blobs.Select(static b => new[] { b.Kind, Number(b.Blobs), ByteSize.Format(b.Bytes) }));
        if (view.Catalogue is { } records) printer.Table(["Record", "Of", "Says"], records.Select(static r => new[] { r.Kind, r.Of, r.Says }));
        if (view.Damages.Count > 0) printer.Table(["Damaged", "Blob", "Problem"], view.Damages.Select(static d => new[] { Printer.Word(d.Kind), d.Blob, d.Problem }));
    }

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
