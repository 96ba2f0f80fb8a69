using System.Text.Json.Nodes;
using Tidegate.Cli.Commands;
using Tidegate.Tests.Unit.Rest;

namespace Tidegate.Tests.Unit.Cli;

/// <summary>One run of the command line in this process, against the fake API and a profile folder of its own.</summary>
internal sealed record CliRun(int ExitCode, string Output, string Errors)
{
    public const string Key = "tgk_0123456789abcdef0123_secret";

    public JsonNode Json => JsonNode.Parse(Output)!;

    public static async Task<CliRun> Async(FakeApi api, params string[] arguments) =>
        await RawAsync([.. arguments, "--api", api.Url.ToString(), "--key", Key]);

    public static async Task<CliRun> RawAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var exitCode = await CommandLine.RunAsync(arguments, output, errors, TimeProvider.System);
        return new CliRun(exitCode, output.ToString(), errors.ToString());
    }
}
