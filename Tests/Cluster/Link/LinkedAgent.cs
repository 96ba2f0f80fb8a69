using Tidegate.Client.Grain;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Cluster.Grains;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>A well-behaved agent: opens its link, holds the stream, registers its observer, answers requests.</summary>
internal sealed class LinkedAgent : IGatewayObserver, IAsyncDisposable
{
    private readonly GuardedSilo _silo;
    private readonly CancellationTokenSource _closing = new();
    private TaskCompletionSource _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IGatewayObserver? _reference;
    private Task _reading = Task.CompletedTask;

    private LinkedAgent(GuardedSilo silo, TestGateway gateway, GrainLink link) => (_silo, Gateway, Link) = (silo, gateway, link);

    public TestGateway Gateway { get; }

    public GrainLink Link { get; }

    public long Generation { get; private set; }

    public string HolderSilo { get; private set; } = "";

    /// <summary>Requests that have reached this agent.</summary>
    public int Deliveries { get; private set; }

    /// <summary>What to answer a request with; null for the description of itself.</summary>
    public Func<GatewayRequest, RequestResult?>? Answer { get; set; }

    /// <summary>The same for an answer that takes calls of the agent's own.</summary>
    public Func<GatewayRequest, Task<RequestResult?>>? AnswerLater { get; set; }

    public IGatewayObserver Reference => _reference!;

    public IGatewayLinkGrain Grain => Link.Client.GetGrain<IGatewayLinkGrain>(Gateway.GatewayId);

    public static async Task<LinkedAgent> ConnectAsync(GuardedSilo silo, TestGateway? gateway = null)
    {
        gateway ??= await silo.NewGatewayAsync();
        var link = await GrainLink.ConnectAsync(silo.LinkOptions(gateway.Certificate), TestContext.Current.CancellationToken);
        var agent = new LinkedAgent(silo, gateway, link);
        agent._reference = link.Client.CreateObjectReference<IGatewayObserver>(agent);
        await agent.ReopenAsync();
        return agent;
    }

    /// <summary>Completes, never failing, when the stream has ended.</summary>
    public async Task EndedAsync() => await _reading.WaitAsync(TimeSpan.FromSeconds(20)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>Opens the stream, on the connection that there is, and registers for its generation.</summary>
    public async Task ReopenAsync()
    {
        _accepted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _reading = ReadAsync();
        await _accepted.Task.OrHungAsync();
        await Grain.Register(_reference!, Generation);
    }

    /// <summary>Both directions work: the agent's own calls, and a request pushed to it and answered.</summary>
    public async Task WorksAsync()
    {
        await Grain.Register(_reference!, Generation);
        Assert.Equal(Link.ClientId, (await DescribeAsync()).InstanceId);
        Assert.False(Link.Lost.IsCompleted);
    }

    /// <summary>What the gateway's owner gets who asks the agent.</summary>
    public Task<GatewayLiveDescription> DescribeAsync() => GrainCluster.As(GrainCluster.Tenant(Gateway.AccountId),
        () => _silo.Grains.GetGrain<IGatewayGrain>(Gateway.GatewayId).DescribeLive("req-" + Guid.NewGuid().ToString("N")[..20]));

    /// <summary>Reports from inside the delivery: a call back into the grain that waits for it.</summary>
    public async Task<DeliverReply> Deliver(GatewayRequest request)
    {
        Deliveries++;
        await Grain.Report(new RequestReport(request.RequestId, Generation, true, 1, "", "",
            Answer?.Invoke(request) ?? (AnswerLater is { } later ? await later(request) : null) ?? new GatewayLiveDescription("1.0.0", Link.ClientId, DateTimeOffset.UnixEpoch, "host", "linux", 0, [])));
        return new DeliverReply(true);
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await EndedAsync();
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
                    (Generation, HolderSilo) = (accepted.Generation, accepted.HolderSilo);
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
