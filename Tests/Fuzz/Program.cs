using Tidegate.Tests.Fuzz.Engine;
using Xunit.Runner.InProc.SystemConsole;

namespace Tidegate.Tests.Fuzz;

/// <summary><c>fuzz</c> mutates for as long as it is told; anything else is for the test runner.</summary>
internal static class Program
{
    private static Task<int> Main(string[] arguments) => arguments is ["fuzz", .. var options]
        ? Campaign.RunAsync(options)
        : ConsoleRunner.Run(arguments);
}
