using System.Text.Json.Nodes;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Tests.Unit.Rest;
using Xunit;

namespace Tidegate.Tests.Unit.Cli;

public sealed class ExitCodeTests
{
    [Theory]
    [InlineData(ErrorCodes.Internal, 500, 1)]
    [InlineData(ErrorCodes.InvalidArgument, 400, 2)]
    [InlineData(ErrorCodes.NotFound, 404, 3)]
    [InlineData(ErrorCodes.ActivationKeyNotFound, 404, 3)]
    [InlineData(ErrorCodes.Unauthenticated, 401, 4)]
    [InlineData(ErrorCodes.Forbidden, 403, 4)]
    [InlineData(ErrorCodes.NameInUse, 409, 5)]
    [InlineData(ErrorCodes.InvalidState, 409, 5)]
    [InlineData(ErrorCodes.LimitExceeded, 409, 5)]
    [InlineData(ErrorCodes.ActivationKeyExpired, 410, 5)]
    [InlineData(ErrorCodes.GatewayNotConnected, 503, 6)]
    [InlineData(ErrorCodes.GatewayTimeout, 504, 6)]
    public async Task Every_error_has_its_exit_code_its_words_and_its_next_step(string code, int status, int exitCode)
    {
        await using var api = (await FakeApi.StartAsync()).On("DELETE", "/v1/gateways/" + Samples.GatewayId, FakeReply.Problem(status, code, "What happened.", "What to do."));
        var run = await CliRun.Async(api, "gateways", "deactivate", Samples.GatewayId);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Equal($"tidegate: What happened. [{code}]\n  What to do.\n", run.Errors);
        Assert.Empty(run.Output);
    }

    [Fact]
    public async Task An_error_with_json_output_is_one_json_object_on_standard_error()
    {
        await using var api = (await FakeApi.StartAsync()).On("GET", "/v1/gateways/" + Samples.GatewayId, FakeReply.Problem(404, "NotFound", "Gone.", "Look."));
        var run = await CliRun.Async(api, "gateways", "describe", Samples.GatewayId, "--output", "json");
        var error = JsonNode.Parse(run.Errors)!;
        Assert.Equal(("NotFound", "Gone.", "Look."), ((string?)error["code"], (string?)error["message"], (string?)error["nextStep"]));
        Assert.Equal(3, run.ExitCode);
    }

    [Fact]
    public async Task A_service_that_cannot_be_reached_is_code_7()
    {
        Uri gone;
        await using (var api = await FakeApi.StartAsync()) gone = api.Url;
        var run = await CliRun.RawAsync("gateways", "list", "--api", gone.ToString(), "--key", CliRun.Key);
        Assert.Equal(7, run.ExitCode);
        Assert.Contains(gone.Authority, run.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gateways")]
    [InlineData("nonsense")]
    [InlineData("gateways", "describe")]
    [InlineData("volumes", "create", "--name", "x")]
    [InlineData("gateways", "list", "--output", "xml")]
    [InlineData("snapshots", "create", "v", "--wait", "--timeout", "0")]
    public async Task A_wrong_command_line_is_code_2(params string[] arguments)
    {
        var run = await CliRun.RawAsync(arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.NotEmpty(run.Errors);
    }

    [Fact]
    public async Task Help_shows_commands_and_exit_codes()
    {
        var run = await CliRun.RawAsync("--help");
        Assert.Equal(0, run.ExitCode);
        foreach (var word in new[] { "setup", "profile", "gateways", "volumes", "snapshots", "restore", "audit", "store", "Exit codes", "TIDEGATE_KEY" })
            Assert.Contains(word, run.Output, StringComparison.Ordinal);
    }
}
