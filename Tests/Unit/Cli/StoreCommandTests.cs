using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using Tidegate.BlockStore.Blobs;
using Tidegate.Cli.Store;
using Tidegate.Client.Rest;
using Tidegate.Client.Rest.Models;
using Tidegate.Tests.Kit.Time;
using Tidegate.Tests.Unit.BlockStore.Rebuild;
using Tidegate.Tests.Unit.Rest;
using Xunit;

namespace Tidegate.Tests.Unit.Cli;

/// <summary><c>tidegate store</c> on a bucket in a directory.</summary>
public sealed class StoreCommandTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-store-cli-").FullName;
    private StoredScenario _stored = null!;

    private string Blobs => Path.Combine(_directory, "blobs");

    private string Volume => _stored.Volume.Lineage.ToString();

    public async ValueTask InitializeAsync()
    {
        _stored = await StoredScenario.CreateAsync();
        var bucket = new DirectoryBlobStore(Blobs, TimeProvider.System);
        foreach (var key in _stored.Volume.Store.Keys) await bucket.PutIfAbsentAsync(key, await _stored.Volume.Store.GetRangeAsync(key, 0, 1 << 26));
    }

    public ValueTask DisposeAsync()
    {
        _stored.Dispose();
        Directory.Delete(_directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Verify_says_sound_and_after_damage_names_it_with_code_10()
    {
        var sound = await RunAsync("verify", "-o", "json");
        Assert.Equal((0, true, 2), (sound.ExitCode, (bool)sound.Json["isSound"]!, sound.Json["volumes"]!.AsArray().Count));
        Assert.Empty(sound.Errors);
        var table = await RunAsync("verify", Volume);
        Assert.Contains("sound", table.Output, StringComparison.Ordinal);
        Assert.Contains("100%", table.Errors, StringComparison.Ordinal);

        var key = _stored.Volume.Head.Tail.Inline[0].Segment.Identity.BlobKey;
        File.Delete(Path.Combine(Blobs, key + ".blob"));
        var damaged = await RunAsync("verify", "--quick", "-o", "json");
        var damage = Assert.Single(damaged.Json["damages"]!.AsArray())!;
        Assert.Equal((10, key, "segment"), (damaged.ExitCode, (string?)damage["blob"], (string?)damage["kind"]));
        var words = await RunAsync("verify", _stored.Volume.Lineage.VolumeId);
        Assert.Equal(10, words.ExitCode);
        Assert.Contains(key, words.Output, StringComparison.Ordinal);
        var export = await RunAsync("export", Volume, "--to", Path.Combine(_directory, "image"));
        Assert.Equal(10, export.ExitCode);
        Assert.Contains(key, export.Errors, StringComparison.Ordinal);
        Assert.Contains("--lease", export.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_directory, "image")));
    }

    [Fact]
    public async Task Inspect_lists_volumes_and_tells_all_of_one()
    {
        var list = (await RunAsync("inspect", "-o", "json")).Json.AsArray();
        Assert.Equal([(Volume, 5), (_stored.Clone.Lineage.ToString(), 1)], list.Select(one => ((string)one!["volume"]!, (int)one["snapshots"]!)));
        var one = (await RunAsync("inspect", "vol-1", "--catalogue", "-o", "json")).Json;
        Assert.Equal(_stored.Volume.Head.CommittedSequence - 3, (long)one["head"]!["committedSequence"]!);
        Assert.Equal(["snap-0", "snap-1", "snap-2", "snap-3", "snap-4"], one["snapshots"]!.AsArray().Select(s => (string)s!["snapshotId"]!));
        Assert.Equal(3, one["tail"]!.AsArray().Count(segment => (bool)segment!["isAfterManifest"]!));
        Assert.Equal(["catalogue", "data", "head", "map", "tail"], one["blobs"]!.AsArray().Select(b => (string)b!["kind"]!));
        Assert.Superset(new HashSet<string> { "snapshot", "life", "deaths" }, one["catalogue"]!.AsArray().Select(r => (string)r!["kind"]!).ToHashSet());
        var table = await RunAsync("inspect", "vol-1", "--catalogue");
        Assert.Equal(0, table.ExitCode);
        Assert.Contains("snap-3", table.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_writes_a_snapshot_once_and_prints_its_hash()
    {
        var file = Path.Combine(_directory, "image");
        var run = await RunAsync("export", Volume, "--snapshot", "snap-2", "--to", file, "-o", "json");
        Assert.Equal(0, run.ExitCode);
        using (var content = File.OpenRead(file))
            Assert.Equal((string?)run.Json["sha256"], Convert.ToHexStringLower(await System.Security.Cryptography.SHA256.HashDataAsync(content)));
        var again = await RunAsync("export", Volume, "--to", file);
        Assert.Equal(5, again.ExitCode);
        Assert.Contains("--force", again.Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync("export", Volume, "--to", file, "--force", "--no-hash")).ExitCode);
    }

    [Fact]
    public async Task Export_holds_a_lease_through_the_service_until_it_has_ended()
    {
        const string Leases = "/v1/snapshots/snap-2/leases/";
        await using var api = (await FakeApi.StartAsync())
            .On("PUT", Leases + "*", FakeReply.Ok(new SnapshotLeaseView("export", DateTimeOffset.UnixEpoch)), FakeReply.Problem(404, "NotFound", "no such snapshot"))
            .On("DELETE", Leases + "*", FakeReply.Empty);
        string[] held = ["--snapshot", "snap-2", "--lease", "--api", api.Url.ToString(), "--key", CliRun.Key];
        var file = Path.Combine(_directory, "image");
        Assert.Equal(0, (await RunAsync(["export", Volume, "--to", file, .. held])).ExitCode);
        var asked = api.Requests.ToArray();
        Assert.Equal(["PUT", "DELETE"], asked.Select(request => request.Method));
        Assert.Equal(asked[0].Path, asked[1].Path);
        Assert.Matches("^export-[0-9a-f]{32}$", asked[0].Path[Leases.Length..]);

        // Without the snapshot there is nothing to hold, and nothing is read.
        Assert.Equal(3, (await RunAsync(["export", Volume, "--to", file + "2", .. held])).ExitCode);
        Assert.False(File.Exists(file + "2"));
        Assert.Equal(2, (await RunAsync("export", Volume, "--to", file + "2", "--lease", "--api", api.Url.ToString(), "--key", CliRun.Key)).ExitCode);
    }

    [Fact]
    public async Task A_lease_is_renewed_while_the_export_runs_and_a_failure_to_is_told()
    {
        var (time, notes) = (new FakeTimeProvider(), new ConcurrentQueue<string>());
        using var renewed = new SemaphoreSlim(0);
        var count = 0;
        await using var api = (await FakeApi.StartAsync()).On("DELETE", "/v1/snapshots/snap-2/leases/*", FakeReply.Empty);
        api.On("PUT", "/v1/snapshots/snap-2/leases/*", _ =>
        {
            renewed.Release();
            return ++count == 3 ? FakeReply.Problem(404, "NotFound", "it has run out") : FakeReply.Ok(new SnapshotLeaseView("export", DateTimeOffset.UnixEpoch));
        });
        using var client = new TidegateRestClient(new RestClientOptions { Endpoint = api.Url, ApiKey = CliRun.Key });
        await using (await ExportLease.TakeAsync(client, "snap-2", notes.Enqueue, time, CancellationToken.None))
        {
            for (var renewals = 0; renewals < 4; renewals++)
            {
                Assert.True(await renewed.WaitAsync(Hanging.Limit));
                time.Advance(TimeSpan.FromMinutes(10));
            }
        }

        Assert.Single(api.Requests.Select(request => request.Path).Distinct());
        Assert.Contains("it has run out", Assert.Single(notes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_missing_or_wrong_is_said_with_its_own_code()
    {
        Assert.Equal(3, (await RunAsync("export", "vol-9", "--to", "x")).ExitCode);
        Assert.Equal(3, (await RunAsync("export", Volume, "--snapshot", "none", "--to", Path.Combine(_directory, "x"))).ExitCode);
        Assert.Equal(3, (await CliRun.RawAsync("store", "verify", "--blobs", Path.Combine(_directory, "no"), "--keys", _stored.Directory)).ExitCode);
        Assert.Equal(4, (await CliRun.RawAsync("store", "verify", "--blobs", Blobs, "--keys", Path.Combine(_directory, "no"))).ExitCode);
        using var foreign = await StoredScenario.CreateAsync(0);
        var wrong = await CliRun.RawAsync("store", "verify", "--blobs", Blobs, "--keys", foreign.Directory);
        Assert.Equal(4, wrong.ExitCode);
        Assert.Contains("[WrongKey]", wrong.Errors, StringComparison.Ordinal);
        // A single key file will do, whatever its name.
        File.Copy(Path.Combine(_stored.Directory, _stored.Volume.Lineage.AccountId + ".key"), Path.Combine(_directory, "backup.key"));
        Assert.Equal(0, (await CliRun.RawAsync("store", "verify", "--quick", "--blobs", Blobs, "--keys", Path.Combine(_directory, "backup.key"))).ExitCode);
    }

    private Task<CliRun> RunAsync(params string[] arguments) => CliRun.RawAsync(["store", .. arguments, "--blobs", Blobs, "--keys", _stored.Directory]);
}
