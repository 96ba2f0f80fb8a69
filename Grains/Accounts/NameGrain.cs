using Tidegate.Grains.Interfaces.Accounts;

namespace Tidegate.Grains.Accounts;

/// <summary>See <see cref="INameGrain"/>. Not audited: the resource that takes or leaves the name is.</summary>
[GrainType("name")]
internal sealed class NameGrain([PersistentState("name", "state")] IPersistentState<NameState> storage) : Grain, INameGrain
{
    /// <inheritdoc />
    public async Task<bool> Reserve(string resourceId)
    {
        if (storage.State.ResourceId.Length > 0) return storage.State.ResourceId == resourceId;
        storage.State = new NameState { ResourceId = resourceId };
        await SaveAsync(storage.WriteStateAsync);
        return true;
    }

    /// <inheritdoc />
    public async Task Release(string resourceId)
    {
        if (storage.State.ResourceId == resourceId) await SaveAsync(storage.ClearStateAsync);
    }

    // After a save of unknown outcome the next activation starts from what is stored.
    private async Task SaveAsync(Func<Task> save)
    {
        try
        {
            await save();
        }
        catch (Exception)
        {
            DeactivateOnIdle();
            throw;
        }
    }
}
