using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Identity;
using Tidegate.GatewayAgent.Link;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Security;
using Tidegate.Tests.Cluster.Grains;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>The agent's own identity, link and request handling, without volumes, over real connections.</summary>
internal sealed class RealAgent : IAsyncDisposable, IGatewayVolumes
{
    private readonly GuardedSilo _silo;
    private readonly CancellationTokenSource _stop = new();
    private readonly CertificateRenewal _renewal;
    private readonly RequestInbox _inbox;
    private readonly Task _running;

    private RealAgent(GuardedSilo silo, TestGateway gateway, SimulatedDisk disk)
    {
        (_silo, Gateway, Disk) = (silo, gateway, disk);
        var store = new IdentityStore(disk);
        Credentials = new CredentialKeeper(store, store.LoadCredential()!);
        var connector = new GrainLinkConnector(
            silo.AgentsUrl, new AddressFile(new SimulatedDisk(new Random(4), new SimulatedDiskPlan()), NullLogger<AddressFile>.Instance), Credentials, null,
            TimeProvider.System, NullLoggerFactory.Instance);
        Board = new StatusBoard(silo.AgentsUrl, silo.AgentsUrl, TimeProvider.System);
        var journal = new RequestJournal(new SimulatedDisk(new Random(5), new SimulatedDiskPlan()), TimeProvider.System, NullLogger<RequestJournal>.Instance);
        _renewal = new CertificateRenewal(Credentials, connector, TimeProvider.System, NullLogger<CertificateRenewal>.Instance);
        _inbox = new RequestInbox(journal, this, _renewal, Board, TimeProvider.System, NullLogger<RequestInbox>.Instance);
        var session = new LinkSession(connector, new LinkHolder(), journal, _inbox, this, Board, TimeProvider.System, NullLogger<LinkSession>.Instance);
        _running = Task.WhenAll(session.RunAsync(_stop.Token), _renewal.RunAsync(_stop.Token));
    }

    public TestGateway Gateway { get; }

    public SimulatedDisk Disk { get; }

    public CredentialKeeper Credentials { get; }

    public StatusBoard Board { get; }

    public IGatewayGrain Grain => _silo.Grains.GetGrain<IGatewayGrain>(Gateway.GatewayId);

    public long AppliedConfigurationVersion { get; private set; }

    public static async Task<RealAgent> StartAsync(GuardedSilo silo)
    {
        var gateway = await silo.NewGatewayAsync();
        var disk = new SimulatedDisk(new Random(3), new SimulatedDiskPlan());
        var store = new IdentityStore(disk);
        using (var key = store.LoadOrCreateKey())
        {
            var request = new CertificateRequest("CN=agent", key, HashAlgorithmName.SHA256).CreateSigningRequest();
            var issued = await silo.Authority.IssueGatewayCertificateAsync(request, key.ExportSubjectPublicKeyInfo(), gateway.AccountId, gateway.GatewayId);
            await silo.Grains.GetGrain<IGatewayGrain>(gateway.GatewayId).RecordCertificate(CertificateThumbprint.OfPem(issued.CertificatePem), issued.ExpiresAt, issued.Authority);
            store.SaveCustomer(new CustomerInformation(gateway.AccountId, gateway.GatewayId, "office", "Etc/UTC"));
            store.SaveCredential(issued.CertificatePem, issued.CaPem);
        }

        var agent = new RealAgent(silo, gateway, disk);
        await agent.WhenAsync(() => agent.Board.Current.State == AgentState.Connected);
        return agent;
    }

    /// <summary>Waits until the agent's status fits.</summary>
    public async Task WhenAsync(Func<bool> condition)
    {
        while (true)
        {
            var changed = Board.WhenChanged;
            if (condition()) return;
            await changed.OrHungAsync();
        }
    }

    /// <summary>A call as the gateway's owner.</summary>
    public Task<T> AsOwner<T>(Func<IGatewayGrain, Task<T>> call) => GrainCluster.As(GrainCluster.Tenant(Gateway.AccountId), () => call(Grain));

    public static string NewRequest() => ResourceId.New(ResourceKind.Request);

    public IReadOnlyList<NamedVolumeStatus> GetStatuses() => [];

    public Task ApplyAsync(GatewayConfiguration configuration, CancellationToken cancellationToken)
    {
        AppliedConfigurationVersion = configuration.Version;
        return Task.CompletedTask;
    }

    public Task<SnapshotBarrier> TakeBarrierAsync(string volumeId, string snapshotId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<GroupBarriers> TakeGroupAsync(string groupId, IReadOnlyList<GroupMember> members, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<BlocksRefreshed> RefreshAsync(string volumeId, IReadOnlyList<long> blocks, CancellationToken cancellationToken) => throw new NotSupportedException();

    public StoreInspection InspectStore(string path) => throw new NotSupportedException();

    public Task<DivergenceResolved> ResolveDivergenceAsync(ResolveDivergenceRequest request) => throw new NotSupportedException();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.OrHungAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _inbox.Dispose();
        _renewal.Dispose();
        Credentials.Dispose();
        _stop.Dispose();
    }
}
