using Tidegate.Tests.Simulation.BlockStore;
using Tidegate.Tests.Simulation.WritePath;
using Xunit.Runner.InProc.SystemConsole;

namespace Tidegate.Tests.Simulation;

/// <summary><c>sim</c> runs sequences of the block store's simulation, <c>sim --write-path</c> those of the agent's; anything else is for the test runner.</summary>
internal static class Program
{
    private static Task<int> Main(string[] arguments) => arguments switch
    {
        ["sim", "--write-path", .. var options] => Task.FromResult(WritePathCampaign.Run(options)),
        ["sim", .. var options] => Task.FromResult(StoreCampaign.Run(options)),
        _ => ConsoleRunner.Run(arguments),
    };
}
