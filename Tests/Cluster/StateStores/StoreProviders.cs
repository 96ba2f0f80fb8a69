using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Storage;
using Tidegate.Silo.Options;
using Tidegate.Silo.Rebuild;
using Tidegate.Silo.Schema;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>Orleans' three providers on a state store, wired by the silo's own code, without a running silo.</summary>
internal sealed class StoreProviders : IAsyncDisposable
{
    private readonly OfflineStorage _offline;

    private StoreProviders(StateStore store, OfflineStorage offline)
    {
        Store = store;
        _offline = offline;
        Membership = offline.Services.GetRequiredService<IMembershipTable>();
    }

    public StateStore Store { get; }

    public IGrainStorage Storage => _offline.Storage;

    public IMembershipTable Membership { get; }

    public IReminderTable Reminders => _offline.Reminders;

    public static async Task<StoreProviders> OpenAsync(StateOptions options, bool migrate = true)
    {
        var store = new StateStore(options);
        if (migrate) await new SchemaMigrator(store, TimeProvider.System, NullLogger<SchemaMigrator>.Instance).ApplyAsync();
        await DurabilityCheck.CheckAsync(store);
        var offline = await OfflineStorage.OpenAsync(store, new ClusterSettings { ClusterId = "test", ServiceId = "test-service" }, CancellationToken.None);
        var providers = new StoreProviders(store, offline);
        await providers.Membership.InitializeMembershipTableAsync(true);
        return providers;
    }

    public async ValueTask DisposeAsync()
    {
        await _offline.DisposeAsync();
        await Store.DisposeAsync();
    }
}
