using System.CommandLine;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate gateways</c>: list, describe, activate, rename, bandwidth, rotate-credential, deactivate.</summary>
internal static class GatewayCommands
{
    public static Command Create(GlobalOptions globals) => new("gateways", "Gateways: list, describe, alarms, activate, rename, bandwidth, rotate-credential, deactivate.")
    {
        List(globals), Describe(globals), AlarmsCommand.Create(globals), Activate(globals), Rename(globals), Bandwidth(globals), RotateCredential(globals), Deactivate(globals),
    };

    private static Command List(GlobalOptions globals)
    {
        var command = new Command("list", "List the account's gateways.");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            IReadOnlyList<GatewaySummary> gateways = await session.Client.ListGatewaysAsync(cancellationToken: cancellation).ToListAsync(cancellation);
            session.Printer.Many(
                gateways, CliJson.Default.IReadOnlyListGatewaySummary, "No gateways yet. Start an agent and activate it: tidegate gateways activate KEY --name NAME",
                ["Name", "Gateway", "Time zone", "Created"], static g => [g.Name, g.GatewayId, g.TimeZone, Printer.Time(g.CreatedAt)]);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Describe(GlobalOptions globals)
    {
        var gateway = GatewayArgument();
        var live = new Option<bool>("--live") { Description = "Ask the agent itself, over the connection it holds open" };
        var command = new Command("describe", "Show a gateway: what the service knows of it or, with --live, what it says itself.") { gateway, live };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.GatewayAsync(parsed.GetValue(gateway)!, cancellation);
            Print(session.Printer, await session.Client.GetGatewayAsync(id, parsed.GetValue(live), cancellation));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Activate(GlobalOptions globals)
    {
        var key = new Argument<string>("KEY") { Description = "Activation key, as the gateway shows it; case and dashes do not matter" };
        var name = new Option<string>("--name") { Description = "Name of the gateway, unique within the account", HelpName = "NAME", Required = true };
        var zone = new Option<string>("--time-zone")
        {
            Description = "IANA time zone of its schedules",
            HelpName = "ZONE",
            DefaultValueFactory = static _ => TimeZoneInfo.Local.HasIanaId ? TimeZoneInfo.Local.Id : "UTC",
        };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask before binding the gateway" };
        var command = new Command("activate", "Bind the gateway that shows KEY to your account.\nShows what it is first; compare the fingerprint with the gateway's own page.") { key, name, zone, yes };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var activationKey = parsed.GetValue(key)!;
            var preview = await session.Client.PreviewActivationAsync(new ActivationPreviewRequest(activationKey), cancellation);
            session.Printer.Facts(
                ("Host", preview.Metadata.HostName), ("System", preview.Metadata.OperatingSystem), ("Hardware", preview.Metadata.Hardware),
                ("Addresses", string.Join(", ", preview.Metadata.Addresses)), ("Agent", preview.Metadata.AgentVersion),
                ("Fingerprint", preview.KeyFingerprint), ("Key valid until", Printer.Time(preview.ExpiresAt)));
            if (!parsed.GetValue(yes) && !session.Printer.Confirm($"Bind this gateway to your account as '{parsed.GetValue(name)}'?"))
            {
                session.Printer.Note("Nothing was changed.");
                return ExitCode.Interrupted;
            }
            var claim = await session.Client.ClaimActivationAsync(new ActivationClaimRequest(activationKey, parsed.GetValue(name)!, parsed.GetValue(zone)!), cancellation);
            session.Printer.One(
                claim, CliJson.Default.ActivationClaimView,
                ("Gateway", claim.GatewayId), ("Name", claim.Name), ("Account", claim.AccountId), ("Time zone", claim.TimeZone),
                ("Next", $"tidegate volumes create --gateway {claim.Name} --name NAME --size 10GiB"));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Rename(GlobalOptions globals)
    {
        var gateway = GatewayArgument();
        var name = new Option<string>("--name") { Description = "The new name", HelpName = "NAME", Required = true };
        var command = new Command("rename", "Give a gateway another name.") { gateway, name };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.GatewayAsync(parsed.GetValue(gateway)!, cancellation);
            Print(session.Printer, await session.Client.RenameGatewayAsync(id, new RenameGatewayRequest(parsed.GetValue(name)!), cancellation));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Bandwidth(GlobalOptions globals)
    {
        var gateway = GatewayArgument();
        var command = new Command("bandwidth", "Show or set how fast a gateway may use its uplink, all its volumes together.") { gateway };
        var options = new BandwidthOptions(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.GatewayAsync(parsed.GetValue(gateway)!, cancellation);
            var known = (await session.Client.GetGatewayAsync(id, cancellationToken: cancellation)).Bandwidth ?? BandwidthView.Unlimited;
            var asked = options.Read(parsed, known);
            if (asked != known) known = await session.Client.SetBandwidthAsync(id, asked, cancellation);
            session.Printer.One(
                known, CliJson.Default.BandwidthView, ("Upload", BandwidthOptions.Show(known.UploadBytesPerSecond)),
                ("Download", BandwidthOptions.Show(known.DownloadBytesPerSecond)), ("Time zone", known.TimeZone ?? "the gateway's"),
                ("Windows", string.Join('\n', known.Windows.Select(BandwidthOptions.Show))));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command RotateCredential(GlobalOptions globals)
    {
        var gateway = GatewayArgument();
        var command = new Command("rotate-credential", "Have a connected gateway replace its private key and certificate. The old ones are revoked; its connection stays.") { gateway };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.GatewayAsync(parsed.GetValue(gateway)!, cancellation);
            var rotated = await session.Client.RotateGatewayCredentialAsync(id, cancellation);
            session.Printer.One(rotated, CliJson.Default.CredentialRotatedView, ("Gateway", id), ("Certificate", rotated.Thumbprint), ("Good until", Printer.Time(rotated.ExpiresAt)));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Deactivate(GlobalOptions globals)
    {
        var gateway = GatewayArgument();
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var command = new Command("deactivate", "Revoke a gateway's credentials and end its connection. Volumes and snapshots stay at the service.") { gateway, yes };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = await session.Names.GatewayAsync(parsed.GetValue(gateway)!, cancellation);
            if (!parsed.GetValue(yes) && !session.Printer.Confirm($"Deactivate gateway {parsed.GetValue(gateway)}? It cannot come back without a new activation."))
            {
                session.Printer.Note("Nothing was changed.");
                return ExitCode.Interrupted;
            }
            await session.Client.DeactivateGatewayAsync(id, cancellation);
            session.Printer.One(new DoneView(id, "deactivated"), CliJson.Default.DoneView, ("Deactivated", id));
            return ExitCode.Success;
        });
        return command;
    }

    private static Argument<string> GatewayArgument() => new("GATEWAY") { Description = "Id or name of a gateway" };

    private static void Print(Printer printer, GatewayView gateway)
    {
        printer.One(
            gateway, CliJson.Default.GatewayView,
            ("Gateway", gateway.GatewayId), ("Name", gateway.Name), ("Account", gateway.AccountId), ("Time zone", gateway.TimeZone),
            ("Connected", gateway.IsConnected ? "yes" : "no"), ("Last seen", Printer.Time(gateway.LastSeenAt)),
            ("Host", gateway.Metadata.HostName), ("System", gateway.Metadata.OperatingSystem), ("Hardware", gateway.Metadata.Hardware),
            ("Addresses", string.Join(", ", gateway.Metadata.Addresses)),
            ("Configuration", $"version {gateway.ConfigurationVersion}, {gateway.AppliedConfigurationVersion} applied"),
            ("Certificate until", Printer.Time(gateway.CertificateExpiresAt)), ("Created", Printer.Time(gateway.CreatedAt)),
            ("Live agent", gateway.Live is { } live ? $"version {live.AgentVersion} on {live.HostName}, running since {Printer.Time(live.StartedAt)}" : null));
        if (gateway.Alarms.Count > 0)
            printer.Table(["Volume", "Alarms", "Since"], gateway.Alarms.Select(static raised => (string[])[raised.VolumeId, string.Join(", ", raised.Alarms), Printer.Time(raised.ChangedAt)]));
        var volumes = gateway.Live?.Volumes ?? gateway.Volumes;
        if (volumes.Count == 0) return;
        printer.Table(
            ["Volume", "State", "Size", "Backlog", "Recovery point", "Served at"],
            volumes.Select(static v => (string[])[
                v.VolumeId, v.Reason.Length == 0 ? Printer.Word(v.State) : $"{Printer.Word(v.State)}: {v.Reason}", ByteSize.Format(v.SizeBytes),
                ByteSize.Format(v.BacklogBytes), Printer.Age(v.RecoveryPointAgeSeconds) + " old", string.Join(", ", v.ServingAt)]));
    }
}
