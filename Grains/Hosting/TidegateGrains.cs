using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans.Serialization;
using Orleans.Storage;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Compaction;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Records;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Blobs;
using Tidegate.Grains.Gateways.Holders;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Records;
using Tidegate.Grains.Scrub;
using Tidegate.Grains.Volumes;
using Tidegate.Grains.Volumes.Copies;
using Tidegate.Grains.Volumes.Work;
using Tidegate.Grains.Waking;

namespace Tidegate.Grains.Hosting;

/// <summary>Registers what the grains need.</summary>
public static class TidegateGrains
{
    /// <summary>
    /// Key of an optional <see cref="TimeProvider"/> for the grains' own time; without it they use the host's. Apart, so
    /// that tests can drive the grains' time and leave the cluster's alone.
    /// </summary>
    public const string ClockKey = "tidegate.grains";

    /// <summary>
    /// Adds the grains' services. The host adds <see cref="IOutboxPublisher"/>, <c>ICertificateAuthority</c>,
    /// <c>ICertificateRevocations</c>, <c>ITicketIssuer</c>, <c>ILinkSockets</c>, <c>IBlobStore</c>, <c>IKeyProvider</c>, a reminder service and a grain storage named
    /// <c>state</c>; it may add its own <see cref="CompactionOptions"/> and <see cref="MergeOptions"/>. State is stored in Orleans' binary form.
    /// </summary>
    public static IServiceCollection AddTidegateGrains(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(new ReclaimSettings());
        services.TryAddSingleton(new CopySettings());
        services.Replace(ServiceDescriptor.Singleton<IGrainStorageSerializer>(
            provider => new OrleansGrainStorageSerializer(provider.GetRequiredService<Serializer>())));
        services.AddSingleton(provider => new RecordArchive(provider.GetRequiredService<IBlobStore>(), provider.GetRequiredService<IKeyProvider>()));
        services.AddSingleton<AggregateRecords>();
        services.AddSingleton(provider => new AggregateServices(
            ClockOf(provider),
            provider.GetRequiredService<IOutboxPublisher>(),
            provider.GetRequiredService<AggregateRecords>(),
            provider.GetRequiredService<ILoggerFactory>()));
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, WakeAtStart>();
        services.AddMetrics();
        services.TryAddSingleton(new CompactionOptions());
        services.TryAddSingleton(new MergeOptions());
        services.AddSingleton<VolumeMeters>();
        services.AddSingleton(provider => new VolumeServices(
            provider.GetRequiredService<IBlobStore>(),
            provider.GetRequiredService<IKeyProvider>(),
            provider.GetRequiredService<ITicketIssuer>(),
            provider.GetRequiredService<CompactionOptions>().Validated(),
            provider.GetRequiredService<MergeOptions>().Validated(),
            provider.GetRequiredService<ReclaimSettings>(),
            provider.GetRequiredService<CopySettings>(),
            provider.GetRequiredService<VolumeMeters>()));
        services.AddSingleton<WorkPool>();
        services.AddSingleton<PasswordHasher>();
        services.AddSingleton(provider => new VolumeScrubber(
            provider.GetRequiredService<IGrainFactory>(), provider.GetRequiredService<VolumeServices>(), ClockOf(provider), provider.GetRequiredService<ILoggerFactory>()));
        services.AddGrainService<LinkRegistry>();
        services.AddSingleton<ILinkRegistries, LinkRegistries>();
        services.AddSingleton<IIncomingGrainCallFilter, StorageFailureFilter>();
        return services;
    }

    private static TimeProvider ClockOf(IServiceProvider provider) =>
        provider.GetKeyedService<TimeProvider>(ClockKey) ?? provider.GetRequiredService<TimeProvider>();
}
