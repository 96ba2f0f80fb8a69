using System.Text.Json.Nodes;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Tests.Unit.Rest;
using Xunit;

namespace Tidegate.Tests.Unit.Cli;

public sealed class KeyCommandTests
{
    private const string Account = "123456789012";

    [Fact]
    public async Task Rotate_waits_until_the_old_key_is_gone()
    {
        var begun = new AccountView(Account, "a", DateTimeOffset.UnixEpoch, KeyRotationBegunAt: DateTimeOffset.UnixEpoch);
        await using var api = (await FakeApi.StartAsync())
            .On("GET", "/v1/me", FakeReply.Ok(new CallerView(Role.AccountAdmin, Account, "key-1")))
            .On("POST", $"/v1/accounts/{Account}/key-rotations", FakeReply.Ok(begun))
            .On("GET", $"/v1/accounts/{Account}", FakeReply.Ok(begun), FakeReply.Ok(begun with { KeyRotationBegunAt = null, KeyRotatedAt = DateTimeOffset.UnixEpoch }));
        var run = await CliRun.Async(api, "keys", "rotate", "--wait", "-o", "json");
        Assert.Equal(0, run.ExitCode);
        Assert.NotNull(run.Json["keyRotatedAt"]);
        Assert.Equal(2, api.Asked("GET", $"/v1/accounts/{Account}").Length);
    }

    [Fact]
    public async Task Rotate_of_a_volume_prints_the_generation()
    {
        await using var api = (await FakeApi.StartAsync())
            .On("POST", $"/v1/volumes/{Samples.VolumeId}/key-rotations", FakeReply.Ok(new KeyRotationView(Samples.VolumeId, 3)));
        var run = await CliRun.Async(api, "keys", "rotate", "--volume", Samples.VolumeId, "-o", "json");
        Assert.Equal((0, 3), (run.ExitCode, (int)run.Json["keyGeneration"]!));
    }

    [Fact]
    public async Task Erase_sends_what_was_confirmed_and_a_refusal_is_code_5()
    {
        await using var api = (await FakeApi.StartAsync())
            .On("POST", $"/v1/volumes/{Samples.VolumeId}/erasure",
                FakeReply.Problem(409, "InvalidState", "Without the keys: snap-1.", "Confirm."), FakeReply.Ok(new EraseVictimsView(Samples.VolumeId, ["snap-1", "vol-2"])));
        Assert.Equal(5, (await CliRun.Async(api, "volumes", "erase", Samples.VolumeId)).ExitCode);
        Assert.Equal(0, (await CliRun.Async(api, "volumes", "erase", Samples.VolumeId, "--confirm", "snap-1, vol-2")).ExitCode);
        var sent = JsonNode.Parse(api.Asked("POST", $"/v1/volumes/{Samples.VolumeId}/erasure")[^1].Body)!["confirm"]!.AsArray();
        Assert.Equal(["snap-1", "vol-2"], sent.Select(id => (string?)id));
    }
}
