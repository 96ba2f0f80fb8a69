using System.CommandLine;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate keys</c>: rotate the account's key, or a volume's.</summary>
internal static class KeyCommands
{
    public static Command Create(GlobalOptions globals) => new("keys", "Encryption keys: rotate.") { Rotate(globals) };

    private static Command Rotate(GlobalOptions globals)
    {
        var volume = new Option<string?>("--volume") { Description = "Begin a new data key of this volume (id or name) instead", HelpName = "VOLUME" };
        var account = new Option<string?>("--account") { Description = "The account, for operators; otherwise it is the key's own", HelpName = "ACCOUNT" };
        var command = new Command(
            "rotate",
            "Replace the account's key: every data key is wrapped anew, and the old one is destroyed when nothing needs it. With --volume: the volume's next segments get a new data key.")
        {
            volume, account,
        };
        var wait = new WaitOptions(command, "the old key is gone");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            if (parsed.GetValue(volume) is { } named)
            {
                var rotated = await session.Client.RotateVolumeKeyAsync(await session.Names.VolumeAsync(named, cancellation), cancellation);
                session.Printer.One(rotated, CliJson.Default.KeyRotationView, ("Volume", rotated.VolumeId), ("Key generation", $"{rotated.KeyGeneration}"));
                return ExitCode.Success;
            }
            var accountId = parsed.GetValue(account) ?? (await session.Client.GetCallerAsync(cancellation)).AccountId;
            var view = await session.Client.RotateAccountKeyAsync(accountId, cancellation);
            if (wait.Read(parsed) is { } limit) view = await session.Waiting.KeyRotatedAsync(accountId, limit, cancellation);
            Print(session.Printer, view);
            return ExitCode.Success;
        });
        return command;
    }

    private static void Print(Printer printer, AccountView account) => printer.One(
        account, CliJson.Default.AccountView,
        ("Account", account.AccountId), ("Name", account.Name), ("Rotation begun", Printer.Time(account.KeyRotationBegunAt)), ("Key rotated", Printer.Time(account.KeyRotatedAt)),
        ("Key generation", account.KeyRotation is { } rotation ? $"{rotation.Generation}" : null),
        ("Rotation", account.KeyRotation is { } last ? $"{Printer.Word(last.Stage)}, {last.Volumes} of {last.TotalVolumes} volumes" : null),
        ("Goes on", Printer.Time(account.KeyRotation?.NextPassAt)), ("Problem", account.KeyRotation?.Problem));
}
