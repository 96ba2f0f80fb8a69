using System.CommandLine;
using Tidegate.Silo.Options;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Pki;

/// <summary><c>Tidegate.Silo ca</c>: the service's CAs (<c>docs/protocols/link.md</c>, CA rollover). Silos that run find what these commands change within seconds.</summary>
internal static class CaCommands
{
    private static readonly Option<bool> Force = new("--force") { Description = "Go on although gateways would be cut off; they have to be activated again." };

    /// <summary>The commands. <paramref name="read"/> reads the settings; <paramref name="guard"/> prints refusals and makes exit codes of them.</summary>
    public static Command Create(Func<ParseResult, SiloSettings> read, Func<Func<Task<int>>, Task<int>> guard)
    {
        Command Sub(string name, string description, Func<ParseResult, SiloSettings, CancellationToken, Task> act, params Symbol[] symbols)
        {
            var command = new Command(name, description);
            foreach (var symbol in symbols)
            {
                if (symbol is Option option) command.Options.Add(option);
                else if (symbol is Argument argument) command.Arguments.Add(argument);
            }

            command.SetAction((parsed, stop) => guard(async () =>
            {
                await act(parsed, read(parsed), stop);
                return 0;
            }));
            return command;
        }

        var authority = new Argument<string>("CA") { Description = "Thumbprint of the CA, or its beginning" };
        var key = new Option<string?>("--key") { Description = "Name of the new CA's key at an external signer, where it was made already" };
        var keys = new Option<DirectoryInfo>("--keys") { Description = "Directory of the keys", Required = true };
        var socket = new Option<FileInfo>("--socket") { Description = "Unix socket to serve on", Required = true };
        var newKey = new Option<string?>("--make") { Description = "Make a key of this name first, where there is none" };
        // It serves keys and has nothing else of a silo's settings.
        var signer = new Command("signer", "Serves the keys of a directory to silos on a Unix socket, so that no silo has them.") { keys, socket, newKey };
        signer.SetAction((parsed, stop) => guard(async () =>
        {
            await SignAsync(parsed.GetValue(keys)!.FullName, parsed.GetValue(socket)!.FullName, parsed.GetValue(newKey), stop);
            return 0;
        }));
        return new Command("ca", "The service's certificate authorities: list, create, stage, activate, retire, signer.")
        {
            Sub("list", "Shows the CAs, and how many gateways trust each and have certificates of it.", ListAsync),
            Sub("create", "Makes the first CA of a state directory that has none, also where the database knows of an earlier one.", CreateAsync),
            Sub("stage", "Makes the next CA. Silos and agents trust it from now on; it issues nothing yet.", (parsed, settings, stop) => StageAsync(settings, parsed.GetValue(key)), key),
            Sub("activate", "Has the staged CA issue from now on. Refused while a gateway's agent does not trust it yet.", (parsed, settings, stop) => ActivateAsync(settings, parsed.GetValue(Force), stop), Force),
            Sub("retire", "Has a former or staged CA trusted no more. Refused while a gateway has a certificate of it.", (parsed, settings, stop) => RetireAsync(settings, parsed.GetValue(authority)!, parsed.GetValue(Force), stop), authority, Force),
            signer,
        };
    }

    private static async Task ListAsync(ParseResult parsed, SiloSettings settings, CancellationToken stop)
    {
        using var store = Open(settings);
        var gateways = await GatewaysAsync(settings, stop);
        foreach (var one in store.Manifest.Authorities)
        {
            await System.Console.Out.WriteLineAsync(
                $"{one.Thumbprint}  {one.Stage.ToString().ToLowerInvariant(),-7}  since {one.Since.UtcDateTime:u}  key {one.Key}  " +
                $"certificates of {gateways.Count(gateway => gateway.Uses(one.Thumbprint))}, trusted by {gateways.Count(gateway => gateway.Trusts(one.Thumbprint))} of {gateways.Count} gateways");
        }
    }

    private static async Task CreateAsync(ParseResult parsed, SiloSettings settings, CancellationToken stop)
    {
        if (File.Exists(Path.Combine(settings.State.Directory, CaStore.ManifestFile)) || File.Exists(Path.Combine(settings.State.Directory, CaStore.CertificateFile)))
            throw new CaException("There is a CA already. Stage another one to replace it.");
        using var store = Open(settings);
        await System.Console.Out.WriteLineAsync($"Made CA {store.Manifest.Current.Thumbprint}.");
    }

    private static async Task StageAsync(SiloSettings settings, string? key)
    {
        if (settings.Pki.Signer.Length > 0 && key is null) throw new CaException("The keys are an external signer's: make one there, and name it with --key.");
        using var store = Open(settings);
        await System.Console.Out.WriteLineAsync(
            $"Staged CA {store.Stage(key).Thumbprint}. Agents that are connected trust it within seconds; hand ca.pem to API clients. Then run 'ca activate'.");
    }

    private static async Task ActivateAsync(SiloSettings settings, bool force, CancellationToken stop)
    {
        using var store = Open(settings);
        if (store.Manifest.Next is { } next && !force)
        {
            Refuse(
                [.. (await GatewaysAsync(settings, stop)).Where(gateway => !gateway.Trusts(next.Thumbprint))],
                $"CA {next.Thumbprint} cannot be activated: these gateways' agents do not trust it yet, and could not connect any more",
                "Have them connect, or deactivate them, or go on with --force and activate them again.");
        }

        await System.Console.Out.WriteLineAsync($"CA {store.Activate().Thumbprint} issues from now on. Connected agents renew their certificates within minutes; then run 'ca retire' for the former one.");
    }

    private static async Task RetireAsync(SiloSettings settings, string thumbprint, bool force, CancellationToken stop)
    {
        using var store = Open(settings);
        var retired = CaStore.Find(store.Manifest, thumbprint);
        if (!force)
        {
            Refuse(
                [.. (await GatewaysAsync(settings, stop)).Where(gateway => gateway.Uses(retired.Thumbprint))],
                $"CA {retired.Thumbprint} cannot be retired: these gateways have certificates of it that are in use",
                "Have them connect, which renews their certificates, or deactivate them, or go on with --force and activate them again.");
        }

        store.Retire(retired.Thumbprint);
        await System.Console.Out.WriteLineAsync($"CA {retired.Thumbprint} is trusted no more. Its key '{retired.Key}' may be destroyed.");
    }

    private static async Task SignAsync(string keys, string socket, string? make, CancellationToken stop)
    {
        if (make is not null) new FileCaKeyProvider(keys).Create(make);
        await new CaSigner(keys, socket).RunAsync(() => System.Console.Out.WriteLine($"Serving the keys of {keys} on {socket}."), stop);
    }

    private static CaStore Open(SiloSettings settings) => settings.Pki.Open(Path.GetFullPath(settings.State.Directory), TimeProvider.System);

    private static async Task<IReadOnlyList<CaUse>> GatewaysAsync(SiloSettings settings, CancellationToken stop)
    {
        await using var store = new StateStore(settings.State);
        return await CaUse.OfGatewaysAsync(store, TimeProvider.System, stop);
    }

    private static void Refuse(IReadOnlyList<CaUse> gateways, string what, string then)
    {
        const int Named = 20;
        if (gateways.Count == 0) return;
        var more = gateways.Count > Named ? $"\n  and {gateways.Count - Named} more" : "";
        throw new CaException($"{what}:\n{string.Join('\n', gateways.Take(Named).Select(gateway => $"  {gateway.GatewayId} {gateway.Name} of account {gateway.AccountId}"))}{more}\n{then}");
    }
}
