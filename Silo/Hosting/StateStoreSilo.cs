using Orleans.Configuration;
using Orleans.Runtime.Hosting;
using Orleans.Serialization;
using Orleans.Storage;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Hosting;

/// <summary>Puts membership, grain state and reminders on the state database.</summary>
internal static class StateStoreSilo
{
    /// <summary>Name of the grain storage, as the grains' <c>[PersistentState]</c> attributes say it.</summary>
    public const string StorageName = "state";

    public static ISiloBuilder UseStateStore(this ISiloBuilder silo, StateStore store)
    {
        silo.UseAdoNetClustering(options =>
        {
            options.Invariant = store.Invariant;
            options.DataSource = store.DataSource;
        });
        silo.UseAdoNetReminderService(options =>
        {
            options.Invariant = store.Invariant;
            options.DataSource = store.DataSource;
        });
        silo.Services.AddOptions<AdoNetGrainStorageOptions>(StorageName).Configure<Serializer>((options, serializer) =>
        {
            options.Invariant = store.Invariant;
            options.DataSource = store.DataSource;
            options.GrainStorageSerializer = new OrleansGrainStorageSerializer(serializer);
        });
        silo.Services.AddGrainStorage(StorageName, (services, name) =>
            new QueuedGrainStorage(AdoNetGrainStorageFactory.Create(services, name), store));
        return silo;
    }
}
