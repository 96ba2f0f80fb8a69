using Tidegate.Client.Grain;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Cluster.Grains;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>A well-behaved agent: opens its link, holds the stream, registers its observer, answers requests.</summary>
internal sealed class LinkedAgent : IGatewayObserver, IAsyncDisposable
{
    private readonly GuardedSilo _silo;
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IGatewayObserver? _reference;
    private Task _reading = Task.CompletedTask;

    private LinkedAgent(GuardedSilo silo, TestGateway gateway, GrainLink link) => (_silo, Gateway, Link) = (silo, gateway, link);

    public TestGateway Gateway { get; }

    public GrainLink Link { get; }

    public long Generation { get; private set; }

    public IGatewayLinkGrain Grain => Link.Client.GetGrain<IGatewayLinkGrain>(Gateway.GatewayId);

    /// <summary>Completes when the stream has ended.</summary>
    public Task Reading => _reading;

    public static async Task<LinkedAgent> ConnectAsync(GuardedSilo silo, TestGateway? gateway = null)
    {
        gateway ??= await silo.NewGatewayAsync();
        var link = await GrainLink.ConnectAsync(silo.LinkOptions(gateway.Certificate), TestContext.Current.CancellationToken);
        var agent = new LinkedAgent(silo, gateway, link);
        agent._reading = agent.ReadAsync();
        await agent._accepted.Task.WaitAsync(TimeSpan.FromSeconds(20));
        agent._reference = link.Client.CreateObjectReference<IGatewayObserver>(agent);
        await agent.Grain.Register(agent._reference, agent.Generation);
        return agent;
    }

    /// <summary>Both directions work: the agent's own calls, and a request pushed to it and answered.</summary>
    public async Task WorksAsync()
    {
        await Grain.Register(_reference!, Generation);
        var live = await GrainCluster.As(GrainCluster.Tenant(Gateway.AccountId),
            () => _silo.Grains.GetGrain<IGatewayGrain>(Gateway.GatewayId).DescribeLive("req-" + Guid.NewGuid().ToString("N")[..20]));
        Assert.Equal(Link.ClientId, live.InstanceId);
        Assert.False(Link.Lost.IsCompleted);
    }

    public Task<DeliverReply> Deliver(GatewayRequest request)
    {
        _ = Grain.Report(new RequestReport(request.RequestId, Generation, true, 1, "", "",
            new GatewayLiveDescription("1.0.0", Link.ClientId, DateTimeOffset.UnixEpoch, "host", "linux", 0, [])));
        return Task.FromResult(new DeliverReply(true));
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _reading.WaitAsync(TimeSpan.FromSeconds(20)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Link.DisposeAsync();
        _closing.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            await foreach (var frame in Grain.Open(new LinkHello(Link.ClientId, "1.0.0", Link.ClientId, 0)).WithCancellation(_closing.Token))
            {
                if (frame is LinkAccepted accepted)
                {
                    Generation = accepted.Generation;
                    _accepted.TrySetResult();
                }
                if (frame is LinkPing ping) await Grain.Heartbeat(new LinkHeartbeat(Generation, ping.Number, 0, []));
            }
        }
        catch (Exception error)
        {
            _accepted.TrySetException(error);
            throw;
        }
    }
}
