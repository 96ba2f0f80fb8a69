using System.CommandLine;
using Spectre.Console;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Identity;
using Tidegate.GatewayAgent.Options;

namespace Tidegate.GatewayAgent.Commands;

/// <summary>The command line of <c>tidegate-agent</c> (<c>docs/protocols/cli.md</c>).</summary>
internal static class AgentCommandLine
{
    private const int PipeWidth = 240;
    private const string Description = """
        The Tidegate gateway agent: serves block volumes to local hosts and keeps a copy of every write at the service.

        Settings come from the command line, the environment (TIDEGATE_AGENT_STATE, TIDEGATE_AGENT_SERVICE, ...) and a JSON
        file (--config), in this order of precedence.

        Exit codes: 0 success, 1 unexpected fault, 2 wrong settings, 3 damaged or exposed identity, 4 local fault (directory in
        use, address taken, disk), 5 no agent answers, 6 verification found damage, 130 interrupted.
        """;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var root = new RootCommand(Description);
        Command[] commands =
        [
            RunCommand.Create(), CheckCommand.Create(), ActivateCommand.Create(), StatusCommand.Create(), VolumesCommand.Create(), VerifyCommand.Create(), LeftOverCommand.Create(), SupportBundleCommand.Create(),
        ];
        foreach (var command in commands) root.Subcommands.Add(command);
        var parsed = root.Parse(arguments);
        var exitCode = await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        return parsed.Errors.Count > 0 ? ExitCode.Usage : exitCode;
    }

    /// <summary>Runs an action and says what went wrong, to what, and what to do, with the exit code that scripts know.</summary>
    public static async Task<int> GuardAsync(Func<Task<int>> action)
    {
        try
        {
            return await action();
        }
        catch (AgentOptionsException faults)
        {
            return Fail(ExitCode.Usage, faults.Message, "See tidegate-agent run --help for every setting.");
        }
        catch (AgentNotRunningException fault)
        {
            return Fail(ExitCode.NotRunning, fault.Message, "Start the agent, or say where its page is: --local URL, or --state DIR.");
        }
        catch (IdentityException fault)
        {
            return Fail(ExitCode.Identity, fault.Message, fault.NextStep);
        }
        catch (DiskFaultException fault)
        {
            return Fail(ExitCode.Local, fault.Message, "If another agent runs on this state directory, stop it; otherwise check the disk.");
        }
        catch (IOException fault)
        {
            return Fail(ExitCode.Local, fault.Message, "Check that the address is free and that the directory can be written.");
        }
        catch (InvalidDataException fault)
        {
            return Fail(ExitCode.Local, fault.Message, "Nothing was changed.");
        }
        catch (UnauthorizedAccessException fault)
        {
            return Fail(ExitCode.Local, fault.Message, "Check the owner and mode of the state directory.");
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
    }

    public static IAnsiConsole Terminal()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Interactive = Console.IsOutputRedirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        // What a program reads is not broken into lines.
        if (Console.IsOutputRedirected) console.Profile.Width = PipeWidth;
        return console;
    }

    public static int Fail(int exitCode, string what, string next)
    {
        Console.Error.WriteLine($"tidegate-agent: {what}");
        Console.Error.WriteLine(next);
        return exitCode;
    }
}
