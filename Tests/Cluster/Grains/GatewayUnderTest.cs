using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>A provisioned gateway and a scripted agent for it, which holds the stream as a real one does.</summary>
internal sealed class GatewayUnderTest : IGatewayObserver, IAsyncDisposable
{
    private readonly GrainCluster _cluster;
    private readonly List<LinkFrame> _frames = [];
    private readonly CancellationTokenSource _closed = new();
    private TaskCompletionSource _changed = new();
    private IGatewayObserver? _reference;
    private string _client = TestSockets.Client;
    private Task? _reading;

    private GatewayUnderTest(GrainCluster cluster, string accountId, string gatewayId) =>
        (_cluster, AccountId, GatewayId) = (cluster, accountId, gatewayId);

    public string AccountId { get; }

    public string GatewayId { get; }

    public long Generation { get; private set; }

    public IGatewayGrain Gateway => _cluster.Grains.GetGrain<IGatewayGrain>(GatewayId);

    public IGatewayLinkGrain Link => _cluster.Grains.GetGrain<IGatewayLinkGrain>(GatewayId);

    /// <summary>What the agent does with a request; accepts and answers a description unless told otherwise.</summary>
    public Func<GatewayRequest, Task<DeliverReply>>? OnDeliver { get; set; }

    public int Deliveries { get; private set; }

    public static async Task<GatewayUnderTest> NewAsync(GrainCluster cluster, string? accountId = null)
    {
        accountId ??= await cluster.NewAccountAsync();
        var tested = new GatewayUnderTest(cluster, accountId, ResourceId.New(ResourceKind.Gateway));
        await tested.AsTenant(() => tested.Gateway.Provision(new GatewayProvision(
            accountId, "name-" + tested.GatewayId, "Etc/UTC", new GatewayMetadata("host", "linux", "box", "1.0.0", ["192.0.2.1"]), "SHA256:test")));
        return tested;
    }

    /// <summary>A second agent with the same identity, as after a copied certificate.</summary>
    public GatewayUnderTest Copy(string client = TestSockets.Client) => new(_cluster, AccountId, GatewayId) { _client = client };

    public Task<T> AsTenant<T>(Func<Task<T>> call) => GrainCluster.As(GrainCluster.Tenant(AccountId), call);

    public Task AsTenant(Func<Task> call) => GrainCluster.As(GrainCluster.Tenant(AccountId), call);

    public Task AsAgent(Func<Task> call) => GrainCluster.As(GrainCluster.Agent(AccountId, GatewayId) with { ClientId = _client }, call);

    public async Task ConnectAsync(string instance = "instance-1", bool register = true)
    {
        _reading = AsAgent(() => ReadAsync(instance));
        var accepted = await FrameAsync<LinkAccepted>(_ => true);
        Generation = accepted.Generation;
        if (!register) return;
        _reference = _cluster.Grains.CreateObjectReference<IGatewayObserver>(this);
        await AsAgent(() => Link.Register(_reference, Generation));
    }

    /// <summary>Waits until a frame of the kind has arrived.</summary>
    public async Task<TFrame> FrameAsync<TFrame>(Func<TFrame, bool> which)
        where TFrame : LinkFrame
    {
        while (true)
        {
            Task changed;
            lock (_frames)
            {
                if (_frames.OfType<TFrame>().FirstOrDefault(which) is { } frame) return frame;
                changed = _changed.Task;
            }

            await changed.OrHungAsync();
        }
    }

    public int Count<TFrame>()
        where TFrame : LinkFrame
    {
        lock (_frames) return _frames.OfType<TFrame>().Count();
    }

    public Task AnswerAsync(long ping) => AsAgent(() => Link.Heartbeat(new LinkHeartbeat(Generation, ping, 1, [])));

    public Task ReportAsync(GatewayRequest request, RequestResult? result, string error = "") =>
        AsAgent(() => Link.Report(new RequestReport(request.RequestId, Generation, true, 1, error, error, result)));

    public static GatewayLiveDescription Description { get; } =
        new("1.0.0", "instance-1", DateTimeOffset.UnixEpoch, "host", "linux", 1, []);

    public async Task<DeliverReply> Deliver(GatewayRequest request)
    {
        Deliveries++;
        if (OnDeliver is { } script) return await script(request);
        _ = ReportAsync(request, Description);
        return new DeliverReply(true);
    }

    /// <summary>Ends when the stream has ended.</summary>
    public Task EndedAsync() => _reading!.OrHungAsync();

    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync();
        if (_reading is not null) await _reading.OrHungAsync();
        if (_reference is not null) _cluster.Grains.DeleteObjectReference<IGatewayObserver>(_reference);
        _closed.Dispose();
    }

    private async Task ReadAsync(string instance)
    {
        try
        {
            await foreach (var frame in Link.Open(new LinkHello(_client, "1.0.0", instance, 0)).WithCancellation(_closed.Token))
            {
                lock (_frames)
                {
                    _frames.Add(frame);
                    Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
                }
            }
        }
        catch (OperationCanceledException) when (_closed.IsCancellationRequested)
        {
        }
        catch (EnumerationAbortedException)
        {
            // The activation that held the stream is gone: to an agent, the link's end like any other.
        }
    }
}
