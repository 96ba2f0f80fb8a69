using System.Runtime.InteropServices;
using System.Text.Json;
using Confluent.Kafka;

namespace Tidegate.Tests.Services;

/// <summary>
/// One broker that speaks Kafka's protocol on a loopback port of its own choice: librdkafka's mock cluster, which lives as long
/// as the producer that asked for it. Topics come into being on first use, with four partitions; consumer groups and
/// transactions work; messages are kept in memory alone, about 5 MiB a partition, the oldest go first.
/// </summary>
internal static class KafkaBroker
{
    private static readonly TimeSpan MetadataTimeout = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Serves until SIGTERM or SIGINT. Once clients can connect, <paramref name="readyFile"/> holds
    /// <c>{"pid": ..., "bootstrapServers": "127.0.0.1:port"}</c>.
    /// </summary>
    public static async Task<int> ServeAsync(string readyFile)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

        var config = new ProducerConfig { ClientId = "tidegate-broker" };
        config.Set("test.mock.num.brokers", "1");
        using var owner = new ProducerBuilder<Null, byte[]>(config).Build();
        using var admin = new DependentAdminClientBuilder(owner.Handle).Build();
        var broker = admin.GetMetadata(MetadataTimeout).Brokers.Single();

        var ready = JsonSerializer.Serialize(new { pid = Environment.ProcessId, bootstrapServers = $"{broker.Host}:{broker.Port}" });
        await File.WriteAllTextAsync(readyFile + ".new", ready);
        File.Move(readyFile + ".new", readyFile, overwrite: true);
        await Console.Out.WriteLineAsync($"Serving Kafka's protocol on {broker.Host}:{broker.Port}.");
        await stopped.Task;
        File.Delete(readyFile);
        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopped.TrySetResult();
        }
    }
}
