using Orleans.Storage;

namespace Tidegate.Silo.Schema;

/// <summary>Orleans' ADO.NET grain storage, with writes taking their turn in the store's queue.</summary>
internal sealed class QueuedGrainStorage(AdoNetGrainStorage inner, StateStore store) : IGrainStorage, ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle lifecycle) => inner.Participate(lifecycle);

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) =>
        inner.ReadStateAsync(stateName, grainId, grainState);

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => store.QueueAsync(async () =>
    {
        await inner.WriteStateAsync(stateName, grainId, grainState);
        return true;
    });

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => store.QueueAsync(async () =>
    {
        await inner.ClearStateAsync(stateName, grainId, grainState);
        return true;
    });
}
