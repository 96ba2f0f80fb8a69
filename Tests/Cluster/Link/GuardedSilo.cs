using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Configuration;
using Orleans.Runtime.Placement;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Keys;
using Tidegate.Client.Grain;
using Tidegate.Grains.Blobs;
using Tidegate.Grains.Gateways.Holders;
using Tidegate.Grains.Hosting;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Tenants;
using Tidegate.Silo.Api;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Link;
using Tidegate.Silo.Options;
using Tidegate.Silo.Pki;
using Tidegate.Silo.Projections;
using Tidegate.Silo.Schema;
using Tidegate.Tests.Cluster.Grains;
using Tidegate.Tests.Cluster.Hostile;
using Tidegate.Tests.Kit.Blobs;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>Tests on the guarded silo share it, and run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class GuardedCollection : ICollectionFixture<GuardedSilo>
{
    public const string Name = "guarded";
}

/// <summary>
/// One silo with the real grains behind the real guarded port and a real HTTPS listener, on sockets of the loopback
/// address. Grain state is in memory: what is tested is the way in. Revocations are in a real state store.
/// </summary>
public sealed class GuardedSilo : IAsyncLifetime
{
    private readonly string _directory;
    private readonly GuardedSilo? _primary;
    private WebApplication? _app;
    private StateStore? _store;

    public GuardedSilo() => _directory = Directory.CreateTempSubdirectory("tidegate-link-").FullName;

    private GuardedSilo(GuardedSilo primary) => (_primary, _directory, Blobs) = (primary, primary._directory, primary.Blobs);

    /// <summary>The bucket, one for all silos.</summary>
    internal MemoryBlobStore Blobs { get; } = new(TimeProvider.System);

    /// <summary>Where the CA and the keys are.</summary>
    public string StateDirectory => _directory;

    /// <summary>Who decides on frames and calls: the rules, unless a test plants a hole before the silo starts.</summary>
    internal LinkJudges Judges { get; init; } = new();

    internal CapturedLog Log { get; } = new();

    internal RecordingPublisher Audit { get; } = new();

    internal ShiftedTime RevocationClock { get; } = new();

    internal SwitchedRevocations Revocations { get; private set; } = null!;

    /// <summary>Over how long certificates are replaced after a rollover of the CA.</summary>
    internal TimeSpan CaChangeSpread { get; init; } = TimeSpan.FromMinutes(5);

    public IPEndPoint LinkPort { get; private set; } = null!;

    public IPEndPoint SiloPort { get; private set; } = null!;

    public SiloAddress Address => Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

    /// <summary>By which this silo's knowledge of what the others offer grows old.</summary>
    internal FakeTimeProvider OffersClock { get; } = new();

    /// <summary>This silo's way to all silos' link registries, which tests may cut.</summary>
    internal SeverableRegistries Registries => (SeverableRegistries)Services.GetRequiredService<ILinkRegistries>();

    public Uri AgentsUrl { get; private set; } = null!;

    public CertificateAuthority Authority { get; private set; } = null!;

    public X509Certificate2Collection Roots => Authority.Roots;

    public IServiceProvider Services => _app!.Services;

    public IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    /// <summary>Starts a second silo in the cluster of this one, over the same CA and keys.</summary>
    public async Task<GuardedSilo> AddSiloAsync()
    {
        var second = new GuardedSilo(this);
        await second.InitializeAsync();
        return second;
    }

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders().AddProvider(Log).SetMinimumLevel(LogLevel.Information);
        Authority = builder.Services.AddTidegatePki(CaStore.Open(_directory, TimeProvider.System), TimeProvider.System, CaChangeSpread);
        builder.Services.AddTidegateGrains();
        builder.Services.AddSingleton<IOutboxPublisher>(Audit);
        builder.Services.AddSingleton<IBlobStore>(Blobs).AddSingleton<ITicketIssuer>(new TestTickets(TimeProvider.System));
        builder.Services.AddSingleton<IKeyProvider>(new KeyFileProvider(Path.Combine(_directory, "keys")));
        builder.Services.AddSingleton<LinkRegistries>().AddSingleton<ILinkRegistries, SeverableRegistries>();
        _store = new StateStore(new StateOptions { Directory = _directory });
        await new SchemaMigrator(_store, TimeProvider.System, NullLogger<SchemaMigrator>.Instance).ApplyAsync();
        Revocations = new SwitchedRevocations(new SqlRevocationStore(_store, TimeProvider.System));
        builder.Services.AddSingleton<IRevocationStore>(Revocations);
        builder.Services.AddKeyedSingleton<TimeProvider>(RevocationTable.ClockKey, RevocationClock);
        var certificate = new ServerCertificate(Authority, TimeProvider.System, () => Authority.IssueServerCertificate([]));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificateSelector = (_, _) => certificate.Certificate;
            https.SslProtocols = SslProtocols.Tls13;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = (client, _, _) => CertificateTrust.IsTrustedClient(client, Roots, TimeProvider.System);
        })));
        builder.Services.AddSingleton(Judges);
        // The tests' own assembly holds a contract with a method that nobody has marked.
        builder.Services.AddSingleton(LinkContracts.Own with
        {
            Assemblies = [.. LinkContracts.Own.Assemblies, typeof(GuardedSilo).Assembly],
            LetsDecode = static (method, kind) => method.DeclaringType == typeof(IPlantedGrain) ? kind == LinkClientKind.Agent : OpenGrainTypes.IsOpen(method, kind),
        });
        (LinkPort, SiloPort) = (FreePort(), FreePort());
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(SiloPort.Port, LinkPort.Port, _primary?.SiloPort ?? SiloPort);
            silo.AddMemoryGrainStorage("state");
            silo.UseInMemoryReminderService();
            builder.Services.AddSingleton(new ApiOptions()).AddSingleton<ApiKeyCache>()
                .AddSingleton(_store).AddSingleton<ProjectionReader>().AddSingleton(new PageTokens(new byte[32])).AddSingleton<IResourceLists, ResourceLists>();
            silo.AddTidegateLink(new LinkSettings { Advertised = LinkPort });
            silo.Configure<SiloMessagingOptions>(options => options.ClientDropTimeout = TimeSpan.FromSeconds(5));
        });
        builder.Services.AddSingleton(services => new LinkOffers(services.GetRequiredService<ILinkRegistries>(), OffersClock));
        _app = builder.Build();
        _app.Use(AnswerErrorsAsync);
        _app.UseRouting();
        _app.UseMiddleware<ApiAuthentication>();
        _app.MapAgentLinkEndpoints();
        _app.MapAgentCertificateEndpoints();
        _app.MapGroup("/v1").WithMetadata(new ApiAuthentication.Guarded()).MapDeveloperLink();
        await _app.StartAsync();
        AgentsUrl = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        _app.Services.GetRequiredService<ServiceAddresses>().AgentsUrl = AgentsUrl.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }
        if (_store is not null) await _store.DisposeAsync();
        if (_primary is null) Directory.Delete(_directory, recursive: true);
    }

    /// <summary>A provisioned gateway with its certificate; its grain on the silo named, or on any.</summary>
    internal async Task<TestGateway> NewGatewayAsync(SiloAddress? on = null)
    {
        var (account, gateway) = (ResourceId.New(ResourceKind.Account), ResourceId.New(ResourceKind.Gateway));
        await GrainCluster.As(GrainCluster.Operator, () => Grains.GetGrain<IAccountGrain>(account).Create("account-" + account));
        if (on is not null) RequestContext.Set(IPlacementDirector.PlacementHintKey, on);
        await GrainCluster.As(GrainCluster.Tenant(account), () => Grains.GetGrain<IGatewayGrain>(gateway).Provision(new GatewayProvision(
            account, "name-" + gateway, "Etc/UTC", new GatewayMetadata("host", "linux", "box", "1.0.0", ["192.0.2.1"]), "SHA256:test")));
        RequestContext.Remove(IPlacementDirector.PlacementHintKey);
        var certificate = await IssueAsync(Authority, account, gateway);
        await Grains.GetGrain<IGatewayGrain>(gateway).RecordCertificate(certificate.GetCertHashString(HashAlgorithmName.SHA256), DateTimeOffset.MaxValue);
        return new TestGateway(account, gateway, certificate);
    }

    /// <summary>A certificate as activation hands it out, with its key.</summary>
    internal static async Task<X509Certificate2> IssueAsync(CertificateAuthority authority, string account, string gateway)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=ignored", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        var issued = await authority.IssueGatewayCertificateAsync(request, key.ExportSubjectPublicKeyInfo(), account, gateway);
        using var bare = X509Certificate2.CreateFromPem(issued.CertificatePem);
        return bare.CopyWithPrivateKey(key);
    }

    internal GrainLinkOptions LinkOptions(X509Certificate2 certificate, X509Certificate2Collection? roots = null) => new()
    {
        Addresses = new DiscoveryAddresses(AgentsUrl),
        CaCertificates = roots ?? Roots,
        ClientCertificate = certificate,
        AgentVersion = "1.0.0",
    };

    private static IPEndPoint FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)probe.LocalEndPoint!;
    }

    private static async Task AnswerErrorsAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
        }
        catch (TidegateException error)
        {
            context.Response.StatusCode = error.Code == ErrorCodes.Unauthenticated ? 401 : error.Code == ErrorCodes.Forbidden ? 403 : 400;
            await context.Response.WriteAsJsonAsync(new { code = error.Code, detail = error.Message }, options: null, "application/problem+json");
        }
    }
}
