using Orleans.Storage;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>A grain storage that fails as planned.</summary>
internal sealed class FaultyStorage(IGrainStorage inner, StorageFaults faults) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => inner.ReadStateAsync(stateName, grainId, grainState);

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState) => inner.ClearStateAsync(stateName, grainId, grainState);

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        switch (faults.Next(grainId.Key.ToString()!))
        {
            case StorageFault.Lost:
                throw new IOException("The database is away.");
            case StorageFault.Unanswered:
                var tag = grainState.ETag;
                await inner.WriteStateAsync(stateName, grainId, grainState);
                grainState.ETag = tag;
                throw new IOException("The database's answer was lost.");
            case StorageFault.Overtaken:
                var other = new GrainState<T>();
                await inner.ReadStateAsync(stateName, grainId, other);
                await inner.WriteStateAsync(stateName, grainId, other);
                break;
        }

        await inner.WriteStateAsync(stateName, grainId, grainState);
    }
}
