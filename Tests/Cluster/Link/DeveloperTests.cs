using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tidegate.Client.Developers;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Tenants;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Silo.Link;
using Tidegate.Tests.Kit.Processes;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>The typed client over real TLS to one of two silos, with grains on both (M5.5).</summary>
[Collection(GuardedPairCollection.Name)]
public sealed class DeveloperTests(GuardedPair pair)
{
    private const long SizeBytes = 8 << 20;

    private GuardedSilo Silo => pair.Second;

    [Fact]
    public async Task M5_5_A_volume_is_made_snapshotted_compared_cloned_and_deleted()
    {
        await using var agent = await LinkedAgent.ConnectAsync(Silo);
        var developer = await TestDeveloper.NewAsync(Silo, agent.Gateway.AccountId);
        await using var client = await developer.ConnectAsync();
        Assert.Equal(developer.AccountId, client.AccountId);
        var made = await client.Tenant.CreateVolume(new NewVolume(agent.Gateway.GatewayId, "data", SizeBytes), "once");
        Assert.Equal(made.VolumeId, (await client.Tenant.CreateVolume(new NewVolume(agent.Gateway.GatewayId, "data", SizeBytes), "once")).VolumeId);
        var writer = new WrittenVolume(agent, Silo, made.VolumeId, SizeBytes);
        await writer.AttachAsync();

        var first = await SnapshotAsync(client, agent, writer, made.VolumeId, 1, [0, 1]);
        var second = await SnapshotAsync(client, agent, writer, made.VolumeId, 2, [1, 7, 9]);
        Assert.Equal("1 7 9", await BlocksAsync(client, second, first));
        Assert.Equal("0 1 7 9", await BlocksAsync(client, second, ""));
        Assert.Equal(9, (await client.Snapshot(second).ListChangedBlocks(first, 0, 2)).NextBlock);

        var volume = client.Volume(made.VolumeId);
        Assert.Equal(2, (await volume.Describe()).CommittedSequence);
        Assert.Equal(2 * SizeBytes, (await volume.Resize(2 * SizeBytes)).SizeBytes);
        var clone = await client.Tenant.CreateVolume(new NewVolume(agent.Gateway.GatewayId, "clone") { SourceSnapshotId = second }, "");
        Assert.Equal(SizeBytes, clone.SizeBytes);
        await client.Snapshot(first).Delete();
        await volume.Delete();
        await RefusedAsync(ErrorCodes.NotFound, () => volume.Describe());
        Assert.Equal(clone.VolumeId, (await client.Volume(clone.VolumeId).Describe()).VolumeId);
        Assert.Equal(agent.Link.ClientId, (await client.Tenant.DescribeGatewayLive(agent.Gateway.GatewayId)).InstanceId);
    }

    [Fact]
    public async Task I10_What_is_another_accounts_answers_as_what_is_missing_in_every_method_that_takes_an_id()
    {
        await using var agent = await LinkedAgent.ConnectAsync(Silo);
        var owner = await TestDeveloper.NewAsync(Silo, agent.Gateway.AccountId);
        await using var theirs = await owner.ConnectAsync();
        var volume = (await theirs.Tenant.CreateVolume(new NewVolume(agent.Gateway.GatewayId, "data", SizeBytes), "")).VolumeId;
        var writer = new WrittenVolume(agent, Silo, volume, SizeBytes);
        await writer.AttachAsync();
        var snapshot = await SnapshotAsync(theirs, agent, writer, volume, 1, [0]);
        var stranger = await TestDeveloper.NewAsync(Silo, (await Silo.NewGatewayAsync()).AccountId);
        await using var client = await stranger.ConnectAsync();
        var point = new RecoveryPointSelector(null, 1);
        await SameAsync(volume, ResourceKind.Volume,
        [
            id => client.Volume(id).Describe(), id => client.Volume(id).Resize(2 * SizeBytes), id => client.Volume(id).Delete(), id => client.Volume(id).RotateKey(),
            id => client.Volume(id).ListRecoveryPoints(0, 1), id => client.Volume(id).SetRecoveryPointObjective(60), id => client.Volume(id).ListEraseVictims(),
            id => client.Volume(id).Erase([]), id => client.Volume(id).EstimateReclaim([snapshot]), id => client.Volume(id).GetRetention(),
            id => client.Volume(id).SetRetention(new VolumeRetention(TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero)), id => client.Tenant.CreateSnapshot(id, "", ""),
            id => client.Tenant.CreateSnapshotOfPoint(id, "", point, ""), id => client.Tenant.ResolveDivergence(id, DivergenceChoice.Local, ""),
            id => client.Tenant.CreateSnapshotGroup([id, ResourceId.New(ResourceKind.Volume)], "", ""), id => client.Copy(id).DescribeCopy(), id => client.Copy(id).CancelCopy(),
        ]);
        await SameAsync(snapshot, ResourceKind.Snapshot,
        [
            id => client.Snapshot(id).Describe(), id => client.Snapshot(id).Delete(), id => client.Snapshot(id).ListChangedBlocks("", 0, 1), id => client.Snapshot(id).Lease("lease-00000001"),
            id => client.Snapshot(id).EndLease("lease-00000001"), id => client.Tenant.OfferSnapshot(new SnapshotOfferRequest(id, owner.AccountId, TimeSpan.FromDays(1)), ""),
            async id => { await foreach (var _ in client.Tenant.ReadChangedBlocks(id, "")) { } },
            async id => { await foreach (var _ in client.Tenant.WatchSnapshot(id)) { } },
        ]);
        await SameAsync(agent.Gateway.GatewayId, ResourceKind.Gateway,
        [
            id => client.Gateway(id).Describe(), id => client.Gateway(id).Rename("x"), id => client.Gateway(id).SetBandwidth(BandwidthLimits.Unlimited), id => client.Gateway(id).Deactivate(),
            id => client.Tenant.DescribeGatewayLive(id), id => client.Tenant.CreateVolume(new NewVolume(id, "x", SizeBytes), ""),
        ]);
        Assert.Equal(volume, (await theirs.Volume(volume).Describe()).VolumeId);
    }

    [Fact]
    public async Task I9_A_revoked_key_loses_its_connection_and_its_streams_and_gets_no_other()
    {
        await using var agent = await LinkedAgent.ConnectAsync(Silo);
        var (developer, bystander) = (await TestDeveloper.NewAsync(Silo, agent.Gateway.AccountId), await TestDeveloper.NewAsync(Silo, agent.Gateway.AccountId));
        await using var client = await developer.ConnectAsync();
        await using var other = await bystander.ConnectAsync();
        var volume = (await client.Tenant.CreateVolume(new NewVolume(agent.Gateway.GatewayId, "data", SizeBytes), "")).VolumeId;
        var writer = new WrittenVolume(agent, Silo, volume, SizeBytes);
        await writer.AttachAsync();
        agent.Answer = request => request is SnapshotRequest asked ? writer.BarrierOfNext(asked.SnapshotId, 1) : null;
        var pending = (await client.Tenant.CreateSnapshot(volume, "", "")).SnapshotId;
        await using var watch = client.Tenant.WatchSnapshot(pending).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await watch.MoveNextAsync());
        var next = watch.MoveNextAsync().AsTask();
        var serving = Assert.Single(new[] { pair.First, pair.Second }, silo => Running(silo, developer.KeyId) == 1);

        await developer.RevokeAsync();
        await RefusedAsync(ErrorCodes.Unavailable, () => next.OrHungAsync());
        // The silo with the stream may have been quicker than the one with the connection, which then ends under the next call.
        var answer = await Assert.ThrowsAsync<TidegateException>(() => client.Tenant.Ping());
        if (answer.Code == ErrorCodes.Unavailable) answer = await Assert.ThrowsAsync<TidegateException>(() => client.Tenant.Ping());
        Assert.Equal(ErrorCodes.Unauthenticated, answer.Code);
        await RefusedAsync(ErrorCodes.Unauthenticated, () => developer.ConnectAsync());
        foreach (var silo in new[] { serving, Silo }) await silo.Log.SeenAsync(3004, developer.KeyId.ToUpperInvariant());
        Assert.Equal(0, Running(serving, developer.KeyId));
        Assert.NotEqual(default, await other.Tenant.Ping());
    }

    [Fact]
    public async Task A_keys_role_and_bounds_are_kept_and_refusing_them_costs_no_connection()
    {
        await using var agent = await LinkedAgent.ConnectAsync(Silo);
        var admin = await TestDeveloper.NewAsync(Silo, agent.Gateway.AccountId);
        await using var all = await admin.ConnectAsync();
        var (mine, hidden) = ((await all.Tenant.CreateVolume(new NewVolume(agent.Gateway.GatewayId, "a", SizeBytes), "")).VolumeId, (await all.Tenant.CreateVolume(new NewVolume(agent.Gateway.GatewayId, "b", SizeBytes), "")).VolumeId);
        var reader = await TestDeveloper.NewAsync(Silo, agent.Gateway.AccountId, Role.Reader, mine);
        await using var client = await reader.ConnectAsync();
        Assert.Equal(mine, (await client.Volume(mine).Describe()).VolumeId);
        await RefusedAsync(ErrorCodes.NotFound, () => client.Volume(hidden).Describe());
        await RefusedAsync(ErrorCodes.Forbidden, () => client.Volume(mine).Delete());
        await RefusedAsync(ErrorCodes.Forbidden, () => client.Volume(hidden).Delete());
        await RefusedAsync(ErrorCodes.Forbidden, () => client.Gateway(agent.Gateway.GatewayId).Describe());
        await RefusedAsync(ErrorCodes.Forbidden, () => client.Account.Describe());
        await RefusedAsync(ErrorCodes.Forbidden, () => client.Tenant.CreateSnapshot(mine, "", ""));
        Assert.Equal(mine, (await client.Volume(mine).Describe()).VolumeId);
        Assert.DoesNotContain("api-key.link-breached", pair.First.Audit.KindsOf(reader.KeyId).Concat(pair.Second.Audit.KindsOf(reader.KeyId)));
    }

    [Fact]
    public async Task A_connection_is_renewed_before_its_end_and_the_calls_on_it_end_on_it()
    {
        await using var agent = await LinkedAgent.ConnectAsync(Silo);
        var developer = await TestDeveloper.NewAsync(Silo, agent.Gateway.AccountId);
        var time = new WatchedTime(TimeProvider.System.GetUtcNow());
        using var log = new CapturedLog();
        using var loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        await using var client = await TidegateClient.ConnectAsync(developer.Options with { TimeProvider = time, LoggerFactory = loggers });
        var volume = (await client.Tenant.CreateVolume(new NewVolume(agent.Gateway.GatewayId, "data", SizeBytes), "")).VolumeId;
        var writer = new WrittenVolume(agent, Silo, volume, SizeBytes);
        await writer.AttachAsync();
        agent.Answer = request => request is SnapshotRequest asked ? writer.BarrierOfNext(asked.SnapshotId, 1) : null;
        var pending = (await client.Tenant.CreateSnapshot(volume, "", "")).SnapshotId;
        await using var watch = client.Tenant.WatchSnapshot(pending).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await watch.MoveNextAsync());
        var before = Assert.Single(Certificates(developer.KeyId));
        var running = watch.MoveNextAsync().AsTask();

        // To the half of the certificate's hour, in the client's own time: what the client does for it, it does in ours.
        await time.WaitedForAsync(TimeSpan.FromSeconds(30));
        time.Advance(TimeSpan.FromMinutes(30) + TimeSpan.FromSeconds(1));
        await log.SeenAsync(3321, "renewed");
        Assert.Equal(2, Certificates(developer.KeyId).Length);
        Assert.NotEqual(default, await client.Tenant.Ping());
        Assert.False(running.IsCompleted);
        await writer.WriteAsync(1, [0], pending);
        Assert.True(await running.OrHungAsync());
        while (watch.Current.State != SnapshotState.Completed) Assert.True(await watch.MoveNextAsync().AsTask().OrHungAsync());
        Assert.False(await watch.MoveNextAsync());
        await log.SeenAsync(3324, "has ended");
        Assert.Contains(Certificates(developer.KeyId), certificate => certificate != before);
        Assert.NotEqual(default, await client.Tenant.Ping());
    }

    [Fact]
    public async Task The_example_of_the_documentation_is_what_runs_here()
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "Tests/Cluster/Link/DeveloperSample.cs"), TestContext.Current.CancellationToken);
        var sample = lines.SkipWhile(static line => !line.Contains("// Sample begins", StringComparison.Ordinal)).Skip(1).TakeWhile(static line => !line.Contains("// Sample ends", StringComparison.Ordinal))
            .Select(static line => line.Length > 8 ? line[8..] : "");
        var document = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/operating/developers.md"), TestContext.Current.CancellationToken);
        Assert.Contains($"```csharp\n{string.Join('\n', sample)}\n```", document, StringComparison.Ordinal);

        await using var agent = await LinkedAgent.ConnectAsync(Silo);
        var developer = await TestDeveloper.NewAsync(Silo, agent.Gateway.AccountId);
        var (writing, volumeId) = (Task.CompletedTask, "");
        // The agent attaches when its first snapshot is asked for, and brings the point with its next segment.
        agent.AnswerLater = async request =>
        {
            if (request is not SnapshotRequest asked) return null;
            volumeId = asked.VolumeId;
            var writer = new WrittenVolume(agent, Silo, volumeId, 64 << 20);
            await writer.AttachAsync();
            var barrier = writer.BarrierOfNext(asked.SnapshotId, 1);
            writing = writer.WriteAsync(1, [0], asked.SnapshotId);
            return barrier;
        };
        await DeveloperSample.RunAsync(Silo.AgentsUrl, developer.ApiKey, developer.CaFile, agent.Gateway.GatewayId, "sample").OrHungAsync();
        await writing;
        await using var client = await developer.ConnectAsync();
        Assert.Equal(("sample", 128 << 20), ((await client.Volume(volumeId).Describe()).Name, (await client.Volume(volumeId).Describe()).SizeBytes));
    }

    [Fact]
    public async Task An_API_key_calls_as_fast_as_over_REST_and_no_faster()
    {
        var developer = await TestDeveloper.NewAsync(Silo, (await Silo.NewGatewayAsync()).AccountId);
        await using var client = await developer.ConnectAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 600).Select(async _ => await Record.ExceptionAsync(() => client.Tenant.Ping())));
        Assert.Contains(answers, static answer => answer is TidegateException { Code: ErrorCodes.RateLimited });
        Assert.InRange(answers.Count(static answer => answer is null), 100, 500);
    }

    [Fact]
    public async Task Methods_of_the_service_and_ids_of_no_form_do_not_leave_the_client()
    {
        var developer = await TestDeveloper.NewAsync(Silo, (await Silo.NewGatewayAsync()).AccountId);
        await using var client = await developer.ConnectAsync();
        await RefusedAsync(ErrorCodes.Forbidden, () => client.Volume(ResourceId.New(ResourceKind.Volume)).PinForClone("", ""));
        await RefusedAsync(ErrorCodes.Forbidden, () => client.Account.Create("x"));
        foreach (var id in new[] { "", "nonsense", "vol-0000000000000000000G", new string('x', 5000) }) await RefusedAsync(ErrorCodes.NotFound, () => client.Volume(id).Describe());
        Assert.NotEqual(default, await client.Tenant.Ping());
    }

    private static int Running(GuardedSilo silo, string keyId) => silo.Services.GetRequiredService<EnumerationOwners>().OwnedBy(keyId).Count;

    private string[] Certificates(string keyId) => [.. Silo.Services.GetRequiredService<LinkConnections>().Identities().Where(identity => identity.SubjectId == keyId).Select(identity => identity.Thumbprint)];

    private static async Task<string> SnapshotAsync(TidegateClient client, LinkedAgent agent, WrittenVolume writer, string volumeId, byte value, int[] blocks)
    {
        agent.Answer = request => request is SnapshotRequest asked ? writer.BarrierOfNext(asked.SnapshotId, blocks.Length) : null;
        var taken = await client.Tenant.CreateSnapshot(volumeId, "by a developer", "");
        await writer.WriteAsync(value, blocks, taken.SnapshotId);
        var last = taken;
        await foreach (var seen in client.Tenant.WatchSnapshot(taken.SnapshotId)) last = seen;
        Assert.Equal(SnapshotState.Completed, last.State);
        return taken.SnapshotId;
    }

    private static async Task<string> BlocksAsync(TidegateClient client, string snapshotId, string since)
    {
        var blocks = new List<long>();
        await foreach (var part in client.Tenant.ReadChangedBlocks(snapshotId, since)) blocks.AddRange(part.Blocks);
        return string.Join(' ', blocks);
    }

    /// <summary>Each call answers a foreign id and a missing one with the same code and, but for the id, in the same words.</summary>
    private static async Task SameAsync(string foreign, ResourceKind kind, IReadOnlyList<Func<string, Task>> calls)
    {
        foreach (var call in calls)
        {
            var missing = ResourceId.New(kind);
            var (ofForeign, ofMissing) = (await RefusedAsync(ErrorCodes.NotFound, () => call(foreign)), await RefusedAsync(ErrorCodes.NotFound, () => call(missing)));
            Assert.Equal(ofMissing.Message.Replace(missing, "it", StringComparison.Ordinal), ofForeign.Message.Replace(foreign, "it", StringComparison.Ordinal));
            Assert.Equal(ofMissing.NextStep, ofForeign.NextStep);
        }
    }

    private static async Task<TidegateException> RefusedAsync(string code, Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<TidegateException>(call);
        Assert.True(code == refused.Code, $"{refused.Code}: {refused.Message}");
        return refused;
    }
}
