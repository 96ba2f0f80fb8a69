using Orleans.Serialization;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Records;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Records;

/// <summary>Keeps what aggregates are, and their audit entries, in the bucket (<c>docs/formats/record.md</c>).</summary>
internal sealed class AggregateRecords(RecordArchive archive, Serializer serializer)
{
    /// <summary>
    /// Stores the entries, and the state as it is after them; null when it is not to be brought back. Durable when it returns; again does
    /// no harm.
    /// </summary>
    public Task StoreAsync<TState>(
        GrainId grain, string accountId, TState? state, IReadOnlyList<OutboxEntry> entries, CancellationToken cancellationToken)
        where TState : AggregateState
    {
        var key = grain.Key.ToString()!;
        var owner = new LineageId(
            accountId.Length > 0 ? accountId : RecordArchive.ServiceAccount, key.Length > LineageId.MaxPartLength ? key[..LineageId.MaxPartLength] : key);
        return archive.StoreAsync(
            new StateRecord(
                owner, entries[^1].Number, grain.Type.ToString()!, key, [.. entries.Select(ToRecord)], state is null ? default : serializer.SerializeToArray(state)),
            cancellationToken);
    }

    private static RecordEntry ToRecord(OutboxEntry entry) =>
        new(entry.Number, entry.Aggregate, entry.AccountId, entry.Kind, entry.At, entry.ActorId, entry.Json, entry.PreviousHash, entry.Hash);
}
