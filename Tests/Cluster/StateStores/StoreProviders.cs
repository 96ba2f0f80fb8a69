using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;
using Orleans.Storage;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;
using Tidegate.Silo.Schema;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>Orleans' three providers on a state store, wired by the silo's own code, without a running silo.</summary>
internal sealed class StoreProviders : IAsyncDisposable
{
    private readonly IHost _host;

    private StoreProviders(StateStore store, IHost host)
    {
        Store = store;
        _host = host;
        Storage = host.Services.GetRequiredKeyedService<IGrainStorage>(StateStoreSilo.StorageName);
        Membership = host.Services.GetRequiredService<IMembershipTable>();
        Reminders = host.Services.GetRequiredService<IReminderTable>();
    }

    public StateStore Store { get; }

    public IGrainStorage Storage { get; }

    public IMembershipTable Membership { get; }

    public IReminderTable Reminders { get; }

    public static async Task<StoreProviders> OpenAsync(StateOptions options, bool migrate = true)
    {
        var store = new StateStore(options);
        if (migrate) await new SchemaMigrator(store, TimeProvider.System, NullLogger<SchemaMigrator>.Instance).ApplyAsync();
        await DurabilityCheck.CheckAsync(store);
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.UseOrleans(silo =>
        {
            silo.UseStateStore(store);
            silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ("test", "test-service"));
        });
        var providers = new StoreProviders(store, builder.Build());
        var lifecycle = new StartOnly();
        ((ILifecycleParticipant<ISiloLifecycle>)providers.Storage).Participate(lifecycle);
        await lifecycle.StartAsync();
        await providers.Membership.InitializeMembershipTableAsync(true);
        await providers.Reminders.StartAsync();
        return providers;
    }

    public async ValueTask DisposeAsync()
    {
        // The host was never started; its container holds nothing that outlives it.
        if (_host is IAsyncDisposable host) await host.DisposeAsync();
        await Store.DisposeAsync();
    }

    private sealed class StartOnly : ISiloLifecycle
    {
        private readonly List<ILifecycleObserver> _observers = [];

        public int HighestCompletedStage => 0;

        public int LowestStoppedStage => 0;

        public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
        {
            _observers.Add(observer);
            return new MemoryStream();
        }

        public async Task StartAsync()
        {
            foreach (var observer in _observers) await observer.OnStart(CancellationToken.None);
        }
    }
}
