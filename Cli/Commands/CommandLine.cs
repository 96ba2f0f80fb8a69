using System.CommandLine;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Rebuild;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Store;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Commands;

/// <summary>The command line of <c>tidegate</c> (<c>docs/protocols/cli.md</c>).</summary>
internal static class CommandLine
{
    private const string Description = """
        Manage Tidegate gateways, volumes and snapshots.

        Start with `tidegate setup`, then `tidegate gateways activate KEY` with the key that a gateway shows. Gateways and
        volumes are named by id or, where that is unambiguous, by name. Results go to standard output (--output json for
        programs), everything else to standard error.

        Environment: TIDEGATE_API, TIDEGATE_CA, TIDEGATE_KEY, TIDEGATE_PROFILE, TIDEGATE_PROFILE_DIR.

        Exit codes:
          0  success                             6  gateway not connected or silent
          1  unexpected fault                    7  service unreachable or busy; try again
          2  wrong command line or value         8  what was waited for failed
          3  not found, or not yours             9  --timeout passed; it goes on
          4  key missing, wrong or not enough  130  interrupted
          5  name in use, limit, wrong state    10  stored data is damaged
        """;

    /// <summary>Runs one command line; never throws.</summary>
    public static Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter errors, TimeProvider time)
    {
        var globals = new GlobalOptions(output, errors, time);
        var root = new RootCommand(Description);
        globals.AddTo(root);
        root.Subcommands.Add(SetupCommand.Create(globals));
        root.Subcommands.Add(ProfileCommand.Create(globals));
        root.Subcommands.Add(GatewayCommands.Create(globals));
        root.Subcommands.Add(VolumeCommands.Create(globals));
        root.Subcommands.Add(SnapshotCommands.Create(globals));
        root.Subcommands.Add(OfferCommands.Create(globals));
        root.Subcommands.Add(CopyCommands.Create(globals));
        root.Subcommands.Add(PointCommands.Create(globals));
        root.Subcommands.Add(KeyCommands.Create(globals));
        root.Subcommands.Add(ApiKeyCommands.Create(globals));
        root.Subcommands.Add(UserCommands.Create(globals));
        root.Subcommands.Add(RestoreCommand.Create(globals));
        root.Subcommands.Add(AuditCommand.Create(globals));
        root.Subcommands.Add(StoreCommands.Create(globals, StoreCommands.OpenDirectory));
        return RunAsync(root, globals, arguments, output, errors);
    }

    /// <summary>Runs a command line that has <c>store</c> alone, on buckets that <paramref name="openBlobs"/> opens by name; never throws.</summary>
    public static Task<int> RunStoreAsync(string[] arguments, TextWriter output, TextWriter errors, TimeProvider time, Func<string, IBlobStore> openBlobs)
    {
        var globals = new GlobalOptions(output, errors, time);
        var root = new RootCommand("Tidegate's service: work on the store itself.");
        globals.AddTo(root);
        root.Subcommands.Add(StoreCommands.Create(globals, openBlobs));
        return RunAsync(root, globals, arguments, output, errors);
    }

    private static async Task<int> RunAsync(RootCommand root, GlobalOptions globals, string[] arguments, TextWriter output, TextWriter errors)
    {
        var parsed = root.Parse(arguments);
        try
        {
            var exitCode = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = errors });
            return parsed.Errors.Count > 0 ? ExitCode.Usage : exitCode;
        }
        catch (TidegateException error)
        {
            Report(error.Code, error.Message, error.NextStep ?? DefaultNextStep(error.Code));
            return ExitCode.Of(error.Code);
        }
        catch (WaitException error)
        {
            Report(error.Code, error.Message, error.NextStep);
            return error.ExitCode;
        }
        catch (BlobNotFoundException missing)
        {
            Report(
                ErrorCodes.Corrupt, $"{missing.Message} What was being read was deleted or moved after this began, longer ago than the service keeps such blobs; or the store is damaged.",
                "Run it again: it begins with the newest manifest. While the service runs, 'tidegate store export --snapshot ID --lease' keeps what it reads. If it fails again, tidegate store verify names all that is missing.");
            return ExitCode.Damaged;
        }
        catch (CorruptDataException damage)
        {
            Report(ErrorCodes.Corrupt, damage.Message, "tidegate store verify names all that is damaged.");
            return ExitCode.Damaged;
        }
        catch (StoreKeyException error)
        {
            Report("WrongKey", error.Message, "Give the account's key file, or the directory of key files, with --keys.");
            return ExitCode.Denied;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Report("Local", error.Message, "Check the file's path, owner and mode.");
            return ExitCode.Fault;
        }

        void Report(string code, string message, string? nextStep) => globals.CreatePrinter(parsed).Error(code, message, nextStep);
    }

    private static string? DefaultNextStep(string code) => code switch
    {
        ErrorCodes.Unauthenticated => "Check the key (tidegate profile shows which one is used), or run tidegate setup.",
        ErrorCodes.NotFound => "List what there is: tidegate gateways list, tidegate volumes list, tidegate snapshots list, tidegate offers list.",
        ErrorCodes.NameInUse => "Choose another name.",
        ErrorCodes.GatewayNotConnected => "Check that the agent runs and reaches the service: its local page says why not. Then try again.",
        ErrorCodes.GatewayTimeout => "Look whether it was done before trying again.",
        ErrorCodes.ActivationKeyNotFound or ErrorCodes.ActivationKeyExpired or ErrorCodes.ActivationKeyInvalid
            => "Use the key that the gateway shows now, on its terminal or local page.",
        ErrorCodes.RateLimited or ErrorCodes.Unavailable => "Try again in a moment.",
        _ => null,
    };
}
