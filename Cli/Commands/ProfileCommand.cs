using System.CommandLine;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Cli.Profiles;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate profile</c>: what the commands use, without the key.</summary>
internal static class ProfileCommand
{
    public static Command Create(GlobalOptions globals)
    {
        var command = new Command("profile", "Show the profile in use; never its key.");
        command.SetAction(parsed =>
        {
            var (store, name) = (globals.Profiles(parsed), globals.ProfileName(parsed));
            var profile = store.Load(name)
                ?? throw new TidegateException(ErrorCodes.NotFound, $"There is no profile '{name}' in {Path.GetDirectoryName(store.FileOf(name))}.", "Run tidegate setup.");
            globals.CreatePrinter(parsed).One(
                new ProfileView(name, store.FileOf(name), profile.ApiUrl, profile.CaFile, profile.AccountId, profile.AccountName, profile.KeyId), CliJson.Default.ProfileView,
                ("Profile", name), ("File", store.FileOf(name)), ("API", profile.ApiUrl), ("CA", profile.CaFile),
                ("Account", $"{profile.AccountName} ({profile.AccountId})"), ("Key", profile.KeyId));
            return ExitCode.Success;
        });
        return command;
    }
}
