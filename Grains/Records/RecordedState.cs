using Orleans.Serialization;
using Orleans.Storage;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Gateways;
using Tidegate.Grains.Snapshots;
using Tidegate.Grains.Snapshots.Groups;
using Tidegate.Grains.Snapshots.Offers;
using Tidegate.Grains.Volumes;

namespace Tidegate.Grains.Records;

/// <summary>How the state of one kind of aggregate goes back into the database.</summary>
internal abstract class RecordedState(string grainType)
{
    /// <summary>Every kind that is brought back. The state's name is the grain type's.</summary>
    public static IReadOnlyDictionary<string, RecordedState> All { get; } = new RecordedState[]
    {
        new Of<AccountState>("account"), new Of<ApiKeyState>("api-key"), new Of<GatewayState>("gateway"), new Of<VolumeState>("volume"),
        new Of<SavedSnapshot>("snapshot"), new Of<SavedOffer>("snapshot-offer"), new Of<SavedGroup>("snapshot-group"),
        new Of<UserState>("user"),
    }.ToDictionary(state => state.GrainType);

    /// <summary>Type of the grains.</summary>
    public string GrainType => grainType;

    /// <summary>Decodes a record's state; its entries are published, so none is pending.</summary>
    public abstract AggregateState Decode(Serializer serializer, ReadOnlyMemory<byte> bytes);

    /// <summary>Writes the state of a grain that has none; false, and nothing changes, when it has one.</summary>
    public abstract Task<bool> WriteAsync(IGrainStorage storage, string key, AggregateState state);

    private sealed class Of<TState>(string grainType) : RecordedState(grainType)
        where TState : AggregateState, new()
    {
        public override AggregateState Decode(Serializer serializer, ReadOnlyMemory<byte> bytes)
        {
            var state = serializer.Deserialize<TState>(bytes)!;
            return state with { Outbox = state.Outbox with { Pending = [] } };
        }

        public override async Task<bool> WriteAsync(IGrainStorage storage, string key, AggregateState state)
        {
            var id = GrainId.Create(GrainType, key);
            var stored = new GrainState<TState>(new TState());
            await storage.ReadStateAsync(GrainType, id, stored);
            if (stored.RecordExists) return false;
            stored.State = (TState)state;
            await storage.WriteStateAsync(GrainType, id, stored);
            return true;
        }
    }
}
