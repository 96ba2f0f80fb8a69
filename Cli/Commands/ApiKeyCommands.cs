using System.CommandLine;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate api-keys</c>: who may use the API, and for what.</summary>
internal static class ApiKeyCommands
{
    private const string RoleWords = "reader|uploader|accountAdmin|operator";

    public static Command Create(GlobalOptions globals) => new("api-keys", "API keys: create, list, revoke.") { Make(globals), List(globals), Revoke(globals) };

    private static Command Make(GlobalOptions globals)
    {
        var label = new Argument<string>("label") { Description = "What the key is for, in your words", HelpName = "LABEL" };
        var role = new Option<Role>("--role") { Description = "What it may do: reader looks, uploader takes snapshots as well, accountAdmin does everything in the account", HelpName = RoleWords, DefaultValueFactory = static _ => Role.Reader };
        var lifetime = SpanOption.Create("--expires-in", "When it stops being accepted; without it never, or with the key that makes it");
        var volumes = new Option<string[]>("--volume") { Description = "Bind the key to this volume (id or name); may be given several times", HelpName = "VOLUME" };
        var account = AccountOption();
        var command = new Command("create", "Make an API key. Its secret is printed once and never again.") { label, role, lifetime, volumes, account };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var bound = new List<string>();
            foreach (var named in parsed.GetValue(volumes) ?? []) bound.Add(await session.Names.VolumeAsync(named, cancellation));
            var made = await session.Client.CreateApiKeyAsync(
                await AccountAsync(session, parsed.GetValue(account), cancellation),
                new CreateApiKeyRequest(
                    parsed.GetValue(label)!, parsed.GetValue(role), SpanOption.Seconds(parsed.GetValue(lifetime)), bound.Count == 0 ? null : bound),
                cancellation);
            session.Printer.One(made, CliJson.Default.CreatedApiKey, ("Key", made.KeyId), ("Secret", made.ApiKey.Reveal()));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command List(GlobalOptions globals)
    {
        var account = AccountOption();
        var command = new Command("list", "List the account's API keys; their secrets are nowhere.") { account };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            IReadOnlyList<ApiKeyView> keys = await session.Client.ListApiKeysAsync(
                await AccountAsync(session, parsed.GetValue(account), cancellation), cancellationToken: cancellation).ToListAsync(cancellation);
            session.Printer.Many(
                keys, CliJson.Default.IReadOnlyListApiKeyView, "No keys.", ["Key", "Role", "Label", "Created", "Expires", "Bound to"],
                static key => [key.KeyId, Printer.Word(key.Role), key.Label, Printer.Time(key.CreatedAt), Printer.Time(key.ExpiresAt), string.Join(' ', key.VolumeIds)]);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Revoke(GlobalOptions globals)
    {
        var key = new Argument<string>("key") { Description = "Id of the key, key-...", HelpName = "KEY" };
        var command = new Command("revoke", "End an API key; in force everywhere within 5 seconds.") { key };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var id = parsed.GetValue(key)!;
            await session.Client.RevokeApiKeyAsync(id, cancellation);
            session.Printer.One(new DoneView(id, "revoked"), CliJson.Default.DoneView, ("Revoked", id));
            return ExitCode.Success;
        });
        return command;
    }

    private static Option<string?> AccountOption() =>
        new("--account") { Description = "The account, for operators; otherwise it is the key's own", HelpName = "ACCOUNT" };

    private static async Task<string> AccountAsync(Session session, string? given, CancellationToken cancellation) =>
        given ?? (await session.Client.GetCallerAsync(cancellation)).AccountId;
}
