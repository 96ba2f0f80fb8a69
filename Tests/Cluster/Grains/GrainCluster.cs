using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Storage;
using Orleans.TestingHost;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Compaction;
using Tidegate.BlockStore.Keys;
using Tidegate.Grains.Blobs;
using Tidegate.Grains.Gateways.Holders;
using Tidegate.Grains.Hosting;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Scrub;
using Tidegate.Grains.Security;
using Tidegate.Grains.Volumes.Copies;
using Tidegate.Grains.Volumes.Work;
using Tidegate.Tests.Kit.Blobs;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Tests on the shared cluster run one after another: they share its driven time.</summary>
[CollectionDefinition(Name)]
public sealed class GrainCollection : ICollectionFixture<GrainCluster>
{
    public const string Name = "grains";
}

/// <summary>
/// One silo with the grains under driven time and memory storage, shared by all tests: each makes resources of its
/// own. The grains' clock is apart from the cluster's.
/// </summary>
public sealed class GrainCluster : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly DirectoryInfo KeyDirectory = Directory.CreateTempSubdirectory("tidegate-keys-");

    private TestCluster? _cluster;

    public static WatchedTime Clock { get; } = new(Start);

    public static RecordingPublisher Publisher { get; } = new();

    public static RecordingRevocations Revocations { get; } = new();

    public static StorageFaults Faults { get; } = new();

    public static MemoryBlobStore Blobs { get; } = new(Clock);

    public static TurnRecorder Turns { get; } = new();

    public static IKeyProvider AccountKeys { get; } = new KeyFileProvider(KeyDirectory.FullName);

    public IGrainFactory Grains => _cluster!.GrainFactory;

    /// <summary>Checks volumes' stored data.</summary>
    public VolumeScrubber Scrubber => ((InProcessSiloHandle)_cluster!.Primary!).SiloHost.Services.GetRequiredService<VolumeScrubber>();

    /// <summary>Services of the silo.</summary>
    public IServiceProvider SiloServices => ((InProcessSiloHandle)_cluster!.Primary!).SiloHost.Services;

    /// <summary>What the grains' states are kept in.</summary>
    public IGrainStorage Storage => ((InProcessSiloHandle)_cluster!.Primary!).SiloHost.Services.GetRequiredKeyedService<IGrainStorage>("state");

    /// <summary>Ends with the work on the volume that is under way.</summary>
    public Task WorkEndedAsync(string volumeId) =>
        ((InProcessSiloHandle)_cluster!.Primary!).SiloHost.Services.GetRequiredService<WorkPool>().EndedAsync(volumeId);

    /// <summary>Asks a volume, or another aggregate, to do what it owes, as its wake shard does.</summary>
    public async Task SettleAsync(string key, string grainType = "volume")
    {
        var settles = _cluster!.Client.ServiceProvider.GetRequiredService<IGrainFactory>();
        await settles.GetGrain<Tidegate.Grains.Aggregates.ISettles>(GrainId.Create(grainType, key)).Settle();
    }

    public async ValueTask InitializeAsync()
    {
        var builder = new TestClusterBuilder(1);
        builder.AddSiloBuilderConfigurator<SiloParts>();
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
        KeyDirectory.Delete(recursive: true);
    }

    /// <summary>Runs as somebody; the request context is set for this call alone.</summary>
    public static async Task<T> As<T>(Caller caller, Func<Task<T>> call)
    {
        RequestContext.Set(Caller.ContextKey, caller);
        return await call();
    }

    public static async Task As(Caller caller, Func<Task> call)
    {
        RequestContext.Set(Caller.ContextKey, caller);
        await call();
    }

    public static Caller Operator { get; } = new(Role.Operator, "", "", "operator");

    public static Caller Tenant(string accountId) => new(Role.AccountAdmin, accountId, "", "key-of-" + accountId);

    public static Caller Agent(string accountId, string gatewayId) => new(Role.Agent, accountId, gatewayId, gatewayId) { ClientId = TestSockets.Client };

    public async Task<string> NewAccountAsync()
    {
        var id = ResourceId.New(ResourceKind.Account);
        await As(Operator, () => Grains.GetGrain<IAccountGrain>(id).Create("account-" + id));
        return id;
    }

    public static async Task<TidegateException> RefusedAsync(Func<Task> call, string code)
    {
        var refused = await Assert.ThrowsAsync<TidegateException>(call);
        Assert.Equal(code, refused.Code);
        return refused;
    }

    private sealed class SiloParts : ISiloConfigurator
    {
        public void Configure(ISiloBuilder silo)
        {
            silo.AddMemoryGrainStorage("inner");
            silo.Services.AddKeyedSingleton<IGrainStorage>("state", (services, _) =>
                new FaultyStorage(services.GetRequiredKeyedService<IGrainStorage>("inner"), Faults));
            silo.UseInMemoryReminderService();
            silo.Configure<SchedulingOptions>(options => options.TurnWarningLengthThreshold = TimeSpan.FromMilliseconds(5));
            silo.Services.AddLogging(logging => logging.AddProvider(Turns));
            silo.Services.AddSingleton(new CompactionOptions { MinGarbageBytes = 512 << 10, ContainerBytes = 1 << 20, SmallBlobBytes = 16 << 10 });
            silo.Services.AddSingleton(new CopySettings(UnitSegments: 2, SegmentBlocks: 2));
            silo.Services.AddTidegateGrains();
            silo.Services.AddKeyedSingleton<TimeProvider>(TidegateGrains.ClockKey, Clock);
            silo.Services.AddSingleton<IOutboxPublisher>(Publisher);
            silo.Services.AddSingleton<ICertificateAuthority, TestAuthority>();
            silo.Services.AddSingleton<ICertificateRevocations>(Revocations);
            silo.Services.AddSingleton<IBlobStore>(Blobs);
            silo.Services.AddSingleton(AccountKeys);
            silo.Services.AddSingleton<ITicketIssuer>(_ => new TestTickets(Clock));
            silo.Services.AddSingleton<ILinkSockets, TestSockets>();
        }
    }

    private sealed class TestAuthority : ICertificateAuthority
    {
        public string Authority => "test";

        public string TrustedPem => "test";

        public Task<IssuedCertificate> IssueGatewayCertificateAsync(byte[] certificateRequest, byte[] expectedPublicKey, string accountId, string gatewayId)
        {
            var request = CertificateRequest.LoadSigningRequest(certificateRequest, HashAlgorithmName.SHA256);
            if (!request.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(expectedPublicKey))
                throw new TidegateException(ErrorCodes.ActivationKeyInvalid, "The request is for another key.");
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var authority = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
            var (from, to) = (Clock.GetUtcNow().AddDays(-1), Clock.GetUtcNow().AddDays(30));
            using var issued = request.Create(authority.SubjectName, X509SignatureGenerator.CreateForECDsa(key), from, to, [1, 2, 3]);
            return Task.FromResult(new IssuedCertificate(issued.ExportCertificatePem(), "ca", to));
        }
    }
}
