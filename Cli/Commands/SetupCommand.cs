using System.CommandLine;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Cli.Profiles;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate setup</c>: an account and a key for it, stored as a profile.</summary>
internal static class SetupCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var operatorKeyFile = new Option<string>("--operator-key-file") { Description = "File with an operator's API key; the service writes one as operator.key", HelpName = "FILE", Required = true };
        var account = new Option<string>("--account") { Description = "Name of the account to create", HelpName = "NAME", Required = true };
        var force = new Option<bool>("--force") { Description = "Replace the profile when there is one; its key stays valid until it is revoked" };
        var command = new Command("setup", "Create an account and an API key for it, and keep both as a profile.\nNeeds --api and --ca, and an operator's key.") { operatorKeyFile, account, force };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (api, ca) = globals.Endpoint(parsed);
            if (api is null) throw new TidegateException(ErrorCodes.InvalidArgument, "--api is missing.", "Give the API's address: --api https://...");
            var (store, name) = (globals.Profiles(parsed), globals.ProfileName(parsed));
            if (store.Exists(name) && !parsed.GetValue(force))
                throw new TidegateException(ErrorCodes.InvalidState, $"There is a profile '{name}' already, in {store.FileOf(name)}.", "Give --profile NAME for a second one, or --force to replace it.");
            using var client = globals.CreateClient(api, ca, ReadKey(parsed.GetValue(operatorKeyFile)!));
            var created = await client.CreateAccountAsync(new CreateAccountRequest(parsed.GetValue(account)!), cancellation);
            var key = await client.CreateApiKeyAsync(created.AccountId, new CreateApiKeyRequest($"tidegate on {Environment.MachineName}", Role.AccountAdmin), cancellation);
            var caFile = ca is null ? null : Path.GetFullPath(ca);
            store.Save(name, new Profile(api, key.ApiKey, created.AccountId, created.Name, key.KeyId, caFile));
            globals.CreatePrinter(parsed).One(
                new SetupView(created.AccountId, created.Name, key.KeyId, key.ApiKey, api, caFile, name, store.FileOf(name)), CliJson.Default.SetupView,
                ("Account", $"{created.Name} ({created.AccountId})"), ("API", api), ("Key", key.KeyId), ("Profile", store.FileOf(name)),
                ("Next", "start an agent, then: tidegate gateways activate KEY --name NAME"));
            return ExitCode.Success;
        });
        return command;
    }

    private static string ReadKey(string file)
    {
        try
        {
            var key = File.ReadAllText(file).Trim();
            if (key.StartsWith("tgk_", StringComparison.Ordinal) && !key.Any(char.IsWhiteSpace)) return key;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TidegateException(ErrorCodes.InvalidArgument, $"The operator's key file '{file}' cannot be read: {error.Message}", "The service writes one as operator.key in its state directory.");
        }
        throw new TidegateException(ErrorCodes.InvalidArgument, $"The file '{file}' holds no API key.", "The service writes one as operator.key in its state directory.");
    }
}
