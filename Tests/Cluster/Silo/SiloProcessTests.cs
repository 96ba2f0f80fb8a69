using System.Net;
using System.Text.Json.Nodes;
using Tidegate.Client.Rest;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Tests.Cluster.StateStores;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

/// <summary>The silo as its own process: what survives its death, how it stops, what it refuses.</summary>
[Collection(PostgresCollection.Name)]
public sealed class SiloProcessTests(PostgresDatabases databases) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tg-process-").FullName;

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task What_was_confirmed_survives_a_kill_and_the_silo_is_back_at_once(string store)
    {
        var environment = await EnvironmentAsync(store);
        string accountId, apiKey;
        JsonObject first;
        await using (var silo = Start(environment, []))
        {
            first = await silo.ReadyAsync();
            using var administrator = Client(first, await OperatorKeyAsync(first));
            accountId = (await administrator.CreateAccountAsync(new CreateAccountRequest("kept"))).AccountId;
            apiKey = (await administrator.CreateApiKeyAsync(accountId, new CreateApiKeyRequest("first", Role.AccountAdmin))).ApiKey.Reveal();
            await silo.KillAsync();
        }

        var ports = new[] { "--api", new Uri((string)first["apiUrl"]!).Authority, "--agents", new Uri((string)first["agentsUrl"]!).Authority, "--link", (string)first["linkEndpoint"]! };
        using var held = new HeldPorts(ports.Where(port => port[0] != '-').Select(port => IPEndPoint.Parse(port.Replace("localhost", "127.0.0.1", StringComparison.Ordinal))));
        await using (var silo = Start(environment, ports))
        {
            var ready = await silo.ReadyAsync();
            Assert.Equal((string)first["apiUrl"]!, (string)ready["apiUrl"]!);
            using var tenant = Client(ready, apiKey);
            Assert.Equal(accountId, (await tenant.GetCallerAsync()).AccountId);
            var kinds = new List<string>();
            await foreach (var record in tenant.ListAuditAsync()) kinds.Add(record.Kind);
            Assert.Equal(["account.created", "api-key.created"], kinds);
            Assert.Equal(0, await silo.TerminateAsync());
        }

        var rebuilt = await RunAsync(environment, "rebuild-projections");
        Assert.Equal(0, rebuilt.ExitCode);
        // The operator's first key, the account, and its key.
        Assert.Contains("from 3 audit records", rebuilt.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_database_is_prepared_by_command_and_refused_without(string store)
    {
        var environment = await EnvironmentAsync(store);
        environment["Tidegate__State__MigrateAtStart"] = "false";
        var refused = await RunAsync(environment, "run");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("Tidegate.Silo migrate", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(environment, "migrate")).ExitCode);
        await using var silo = Start(environment, []);
        await silo.ReadyAsync();
    }

    [Fact]
    public async Task Wrong_settings_are_all_told_at_once()
    {
        var refused = await RunAsync(new() { ["Tidegate__Api__RequestBurst"] = "0", ["Tidegate__Cluster__ClusterId"] = "no spaces" }, "run");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("Tidegate:Api:RequestBurst", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("Tidegate:Cluster:ClusterId", refused.Errors, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<Dictionary<string, string>> EnvironmentAsync(string store)
    {
        var environment = new Dictionary<string, string> { ["Tidegate__State__Provider"] = store };
        if (store == "postgres") environment["Tidegate__State__ConnectionString"] = await databases.CreateAsync();
        return environment;
    }

    private ManagedProcess Start(Dictionary<string, string> environment, string[] arguments) => ManagedProcess.Start(
        "the silo", Repository.Program("Silo"), ["run", "--state", Path.Combine(_folder, "state"), "--ready-file", Path.Combine(_folder, "ready.json"), .. arguments],
        Path.Combine(_folder, "log"), Path.Combine(_folder, "ready.json"), environment);

    private Task<ProgramResult> RunAsync(Dictionary<string, string> environment, string command) =>
        ProgramRunner.RunAsync(Repository.Program("Silo"), [command, "--state", Path.Combine(_folder, "state")], environment: environment);

    private static Task<string> OperatorKeyAsync(JsonObject ready) => File.ReadAllTextAsync((string)ready["operatorKeyFile"]!);

    private static TidegateRestClient Client(JsonObject ready, string apiKey) =>
        new(new RestClientOptions { Endpoint = new Uri((string)ready["apiUrl"]!), CaFile = (string)ready["caFile"]!, ApiKey = apiKey.Trim() });
}
