using System.Collections.Concurrent;
using Tidegate.Grains.Outbox;
using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Keeps what the grains publish, once each; can be told to fail for an aggregate.</summary>
public sealed class RecordingPublisher : IOutboxPublisher
{
    private readonly ConcurrentDictionary<(string Aggregate, long Number), OutboxEntry> _entries = new();

    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Aggregates whose entries are not taken for now.</summary>
    public ConcurrentDictionary<string, bool> Refused { get; } = new();

    public Task PublishAsync(IReadOnlyList<OutboxEntry> entries, CancellationToken cancellationToken)
    {
        foreach (var entry in entries)
        {
            if (Refused.ContainsKey(entry.Aggregate)) throw new IOException("The audit log is away.");
            _entries[(entry.Aggregate, entry.Number)] = entry;
        }

        Interlocked.Exchange(ref _changed, NewSignal()).SetResult();

        return Task.CompletedTask;
    }

    public IReadOnlyList<OutboxEntry> Of(string aggregate) =>
        [.. _entries.Values.Where(entry => entry.Aggregate == aggregate).OrderBy(entry => entry.Number)];

    /// <summary>Waits until the aggregate has published an entry of the kind.</summary>
    public async Task PublishedAsync(string aggregate, string kind, int times = 1)
    {
        while (true)
        {
            var changed = Volatile.Read(ref _changed).Task;
            if (KindsOf(aggregate).Count(one => one == kind) >= times) return;
            await changed.OrHungAsync();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<string> KindsOf(string aggregate) => [.. Of(aggregate).Select(entry => entry.Kind)];
}
