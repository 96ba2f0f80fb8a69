using Tidegate.BlockStore;
using Tidegate.BlockStore.Keys;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>Hands out the keys of the simulated volumes; how they are wrapped is not what is simulated.</summary>
internal sealed class SimulatedKeys : IKeyProvider
{
    public ValueTask<byte[]> WrapAsync(LineageId owner, int generation, DataKey key, CancellationToken cancellationToken) =>
        throw Unused();

    public ValueTask<bool> IsCurrentAsync(LineageId owner, int generation, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken) => throw Unused();

    public ValueTask<int> GetGenerationAsync(string accountId, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public ValueTask RotateAsync(string accountId, int generation, CancellationToken cancellationToken) => throw Unused();

    public ValueTask RetireAsync(string accountId, int generation, CancellationToken cancellationToken) => throw Unused();

    public ValueTask<DataKey> UnwrapAsync(LineageId owner, int generation, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken) =>
        new(StoreWorld.KeyOf(owner));

    private static NotSupportedException Unused() => new("Nothing that is simulated wraps or rotates keys.");
}
