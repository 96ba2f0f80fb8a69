using Azure.Storage.Blobs;
using Confluent.Kafka;
using Npgsql;
using Tidegate.Tests.Kit.Processes;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Services;

/// <summary><c>./dev services</c>: what it prints is what real clients connect with, and it stops what it started.</summary>
public sealed class DevServicesTests : IDisposable
{
    private readonly string _state = Directory.CreateTempSubdirectory("tidegate-services-").FullName;

    // PostgreSQL runs under an account of its own, which has to reach its folder in here.
    public DevServicesTests() => File.SetUnixFileMode(_state, File.GetUnixFileMode(_state) | UnixFileMode.OtherExecute | UnixFileMode.GroupExecute);

    public void Dispose() => Directory.Delete(_state, recursive: true);

    [Fact]
    public async Task Services_come_up_serve_real_clients_and_go_down()
    {
        try
        {
            var printed = (await ServicesAsync("up")).Succeeded().Output;
            var exports = Exports(printed);
            Assert.Equal(["TIDEGATE_AZURE_BLOBS", "TIDEGATE_KAFKA", "TIDEGATE_POSTGRES"], exports.Keys.Order(StringComparer.Ordinal));
            Assert.All(exports.Values, value => Assert.Contains("127.0.0.1", value, StringComparison.Ordinal));
            Assert.Equal(printed, await File.ReadAllTextAsync(Path.Combine(_state, "services.env")));

            await ProduceAndConsumeAsync(exports["TIDEGATE_KAFKA"]);
            await PutAndGetAsync(exports["TIDEGATE_AZURE_BLOBS"]);
            await QueryAsync(exports["TIDEGATE_POSTGRES"]);

            var again = (await ServicesAsync("up")).Succeeded();
            Assert.Equal(printed, again.Output);
            Assert.Equal(3, again.Errors.Split('\n').Count(line => line.EndsWith("is up already", StringComparison.Ordinal)));

            (await ServicesAsync("down", "kafka")).Succeeded();
            await PutAndGetAsync(exports["TIDEGATE_AZURE_BLOBS"]);
            Assert.DoesNotContain("TIDEGATE_KAFKA", await File.ReadAllTextAsync(Path.Combine(_state, "services.env")), StringComparison.Ordinal);
        }
        finally
        {
            (await ServicesAsync("down")).Succeeded();
        }
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)))
            Assert.DoesNotContain(_state, CommandLine(process), StringComparison.Ordinal);
        Assert.Empty(await File.ReadAllTextAsync(Path.Combine(_state, "services.env")));
        Assert.Contains("was not running", (await ServicesAsync("down", "azurite")).Succeeded().Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_somebody_else_has_is_an_error_and_leaves_nothing_running()
    {
        using var other = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        other.Start();
        Directory.CreateDirectory(Path.Combine(_state, "azurite"));
        await File.WriteAllTextAsync(Path.Combine(_state, "azurite", "port"), $"{((System.Net.IPEndPoint)other.LocalEndpoint).Port}\n");
        var up = await ServicesAsync("up", "kafka", "azurite");
        Assert.Equal(1, up.ExitCode);
        Assert.Contains("EADDRINUSE", up.Errors, StringComparison.Ordinal);
        Assert.Contains("Azurite did not start", up.Errors, StringComparison.Ordinal);
        Assert.Contains("kafka was not running", (await ServicesAsync("down")).Succeeded().Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nonsense_is_refused_by_name()
    {
        Assert.Contains("'redis'", (await ServicesAsync("up", "redis")).Errors, StringComparison.Ordinal);
        Assert.Contains("up or down", (await ServicesAsync("sideways")).Errors, StringComparison.Ordinal);
        var nowhere = await ProgramRunner.RunAsync(Path.Combine(Repository.Root, "dev"), ["services", "down", "--state", Path.Combine(_state, "absent")]);
        Assert.Equal(1, nowhere.ExitCode);
        Assert.Contains("nothing was started", nowhere.Errors, StringComparison.Ordinal);
    }

    private static async Task ProduceAndConsumeAsync(string bootstrapServers)
    {
        var topic = $"events-{Guid.NewGuid():n}";
        using var producer = new ProducerBuilder<string, string>(new ProducerConfig { BootstrapServers = bootstrapServers, Acks = Acks.All }).Build();
        for (var i = 0; i < 20; i++)
            Assert.Equal(PersistenceStatus.Persisted, (await producer.ProduceAsync(topic, new() { Key = $"key-{i}", Value = $"value-{i}" })).Status);

        using var consumer = new ConsumerBuilder<string, string>(new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            GroupId = "test",
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
        }).Build();
        consumer.Subscribe(topic);
        var received = new SortedSet<string>(StringComparer.Ordinal);
        using var limit = new CancellationTokenSource(Hanging.Limit);
        while (received.Count < 20)
        {
            var result = consumer.Consume(limit.Token);
            Assert.Equal(result.Message.Key.Replace("key", "value", StringComparison.Ordinal), result.Message.Value);
            received.Add(result.Message.Value);
            consumer.Commit(result);
        }
        consumer.Close();
    }

    private static async Task PutAndGetAsync(string connectionString)
    {
        var container = new BlobContainerClient(connectionString, $"test-{Guid.NewGuid():n}");
        await container.CreateAsync();
        await container.UploadBlobAsync("a/blob", BinaryData.FromString("what was put"));
        Assert.Equal("what was put", (await container.GetBlobClient("a/blob").DownloadContentAsync()).Value.Content.ToString());
    }

    private static async Task QueryAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("SELECT 6 * 7");
        Assert.Equal(42, await command.ExecuteScalarAsync());
    }

    private Task<ProgramResult> ServicesAsync(params string[] arguments) =>
        ProgramRunner.RunAsync(Path.Combine(Repository.Root, "dev"), ["services", .. arguments, "--state", _state]);

    private static Dictionary<string, string> Exports(string printed) => printed
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line["export ".Length..].Split('=', 2))
        .ToDictionary(parts => parts[0], parts => parts[1].Trim('\''));

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
