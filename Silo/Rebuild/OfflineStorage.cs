using Orleans.Configuration;
using Orleans.Serialization;
using Orleans.Storage;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;
using Tidegate.Silo.Schema;

namespace Tidegate.Silo.Rebuild;

/// <summary>Grain storage and reminders as a silo has them, opened without one: for work that no running silo may see.</summary>
internal sealed class OfflineStorage : IAsyncDisposable
{
    private readonly IHost _host;

    private OfflineStorage(IHost host)
    {
        _host = host;
        Storage = host.Services.GetRequiredKeyedService<IGrainStorage>(StateStoreSilo.StorageName);
        Reminders = host.Services.GetRequiredService<IReminderTable>();
        Serializer = host.Services.GetRequiredService<Serializer>();
    }

    /// <summary>Everything that a silo on this store would have; nothing of it runs.</summary>
    public IServiceProvider Services => _host.Services;

    public IGrainStorage Storage { get; }

    public IReminderTable Reminders { get; }

    public Serializer Serializer { get; }

    public static async Task<OfflineStorage> OpenAsync(StateStore store, ClusterSettings settings, CancellationToken cancellationToken)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.UseOrleans(silo =>
        {
            silo.UseStateStore(store);
            silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (settings.ClusterId, settings.ServiceId));
        });
        var offline = new OfflineStorage(builder.Build());
        var lifecycle = new StartOnly();
        ((ILifecycleParticipant<ISiloLifecycle>)offline.Storage).Participate(lifecycle);
        await lifecycle.StartAsync(cancellationToken);
        await offline.Reminders.StartAsync(cancellationToken);
        return offline;
    }

    // The host was never started; its container holds nothing that outlives it.
    public ValueTask DisposeAsync() => _host is IAsyncDisposable host ? host.DisposeAsync() : ValueTask.CompletedTask;

    /// <summary>A lifecycle of which only the start is wanted.</summary>
    private sealed class StartOnly : ISiloLifecycle
    {
        private readonly List<ILifecycleObserver> _observers = [];

        public int HighestCompletedStage => 0;

        public int LowestStoppedStage => 0;

        public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
        {
            _observers.Add(observer);
            return new Subscription();
        }

        public async Task StartAsync(CancellationToken cancellationToken)
        {
            foreach (var observer in _observers) await observer.OnStart(cancellationToken);
        }

        private sealed class Subscription : IDisposable
        {
            public void Dispose()
            {
                // It ends with the storage.
            }
        }
    }
}
