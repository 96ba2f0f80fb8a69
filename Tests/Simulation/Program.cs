using Tidegate.Tests.Simulation.BlockStore;
using Xunit.Runner.InProc.SystemConsole;

namespace Tidegate.Tests.Simulation;

/// <summary><c>sim</c> runs sequences of the block store's simulation; anything else is for the test runner.</summary>
internal static class Program
{
    private static Task<int> Main(string[] arguments) => arguments is ["sim", .. var options]
        ? Task.FromResult(StoreCampaign.Run(options))
        : ConsoleRunner.Run(arguments);
}
