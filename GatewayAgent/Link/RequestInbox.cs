using System.Collections.Concurrent;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Identity;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Link;

/// <summary>
/// Takes management requests over (M1.3, M1.9): the request id is durable before the answer, the work runs by itself, its
/// outcome is durable before it is reported, and a repeated delivery does nothing twice. Held strongly for the life of the
/// process: the cluster's references to observers are weak.
/// </summary>
internal sealed partial class RequestInbox(
    RequestJournal journal, IGatewayVolumes volumes, ICredentialRotation credentials, StatusBoard board, TimeProvider time, ILogger<RequestInbox> logger) : IGatewayObserver, IDisposable
{
    private readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Raised, on any thread, when an outcome waits to be reported.</summary>
    public event EventHandler? OutcomeReady;

    public Task<DeliverReply> Deliver(GatewayRequest request) => Task.Run(() => TakeOver(request));

    /// <summary>Refuses what comes from now on and gives what runs until <paramref name="limit"/> is cancelled.</summary>
    public async Task StopAsync(CancellationToken limit)
    {
        using var cutOff = limit.Register(_stopping.Cancel);
        await Task.WhenAll(_running.Values);
        await _stopping.CancelAsync();
    }

    public void Dispose() => _stopping.Dispose();

    private DeliverReply TakeOver(GatewayRequest request)
    {
        if (KindOf(request) is not { } kind)
            return new DeliverReply(false, ErrorCodes.InvalidArgument, $"Agent {MachineMetadata.AgentVersion} does not know the request {request.GetType().Name}; update it.");
        if (_stopping.IsCancellationRequested) return new DeliverReply(false, ErrorCodes.Unavailable, "The agent is stopping.");
        try
        {
            var stored = journal.Record(request.RequestId, kind);
            if (stored.Kind != kind)
                return new DeliverReply(false, ErrorCodes.InvalidArgument, $"The request id is that of an earlier {stored.Kind} request.");
            // One that failed may succeed now: what was in its way may be gone, and every operation does the same work twice without harm.
            if (stored.Outcome is not { ErrorCode: "" }) Start(request);
            else
            {
                LogRepeated(logger, request.RequestId);
                journal.ReportAgain(request.RequestId);
                OutcomeReady?.Invoke(this, EventArgs.Empty);
            }
            return new DeliverReply(true);
        }
        catch (TidegateException refused)
        {
            return new DeliverReply(false, refused.Code, refused.Message);
        }
        catch (DiskFaultException fault)
        {
            LogNotRecorded(logger, fault, request.RequestId);
            return new DeliverReply(false, ErrorCodes.Unavailable, $"The agent cannot record requests: {fault.Message}");
        }
    }

    private void Start(GatewayRequest request)
    {
        // The placeholder decides a race of two deliveries; whoever adds it runs.
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_running.TryAdd(request.RequestId, started.Task)) return;
        _ = RunAsync(request, started);
    }

    private async Task RunAsync(GatewayRequest request, TaskCompletionSource ended)
    {
        try
        {
            using var limit = new CancellationTokenSource(request.ValidFor, time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stopping.Token);
            journal.Finish(request.RequestId, await AnswerAsync(request, linked.Token));
            OutcomeReady?.Invoke(this, EventArgs.Empty);
        }
        catch (DiskFaultException fault)
        {
            LogNotRecorded(logger, fault, request.RequestId);
        }
        finally
        {
            _running.TryRemove(request.RequestId, out _);
            ended.SetResult();
        }
    }

    private async Task<StoredOutcome> AnswerAsync(GatewayRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return StoredOutcome.Success(request switch
            {
                SnapshotRequest snapshot => await volumes.TakeBarrierAsync(snapshot.VolumeId, snapshot.SnapshotId, cancellationToken),
                GroupSnapshotRequest group => await volumes.TakeGroupAsync(group.GroupId, group.Members, cancellationToken),
                RefreshRequest refresh => await volumes.RefreshAsync(refresh.VolumeId, refresh.Blocks, cancellationToken),
                InspectStoreRequest inspect => volumes.InspectStore(inspect.Path),
                ResolveDivergenceRequest resolve => await volumes.ResolveDivergenceAsync(resolve),
                RotateCredentialRequest rotate => await credentials.RotateAsync(rotate.Replaced, cancellationToken),
                _ => Describe(),
            });
        }
        catch (TidegateException refused)
        {
            return new StoredOutcome(refused.Code, refused.Message);
        }
        catch (OperationCanceledException)
        {
            return new StoredOutcome(ErrorCodes.GatewayTimeout, $"The gateway did not finish the request within {request.ValidFor.TotalSeconds:0.#} s.");
        }
        catch (Exception error)
        {
            LogFailed(logger, error, request.RequestId);
            return new StoredOutcome(ErrorCodes.Internal, $"The gateway failed to carry it out: {error.Message}");
        }
    }

    private GatewayLiveDescription Describe()
    {
        var status = board.Current;
        return new GatewayLiveDescription(
            status.AgentVersion, status.InstanceId, status.StartedAt, status.HostName, status.OperatingSystem,
            volumes.AppliedConfigurationVersion, [.. volumes.GetStatuses().Select(v => v.Status)]);
    }

    private static string? KindOf(GatewayRequest request) => request switch
    {
        DescribeRequest => "describe",
        SnapshotRequest => "snapshot",
        GroupSnapshotRequest => "group-snapshot",
        RefreshRequest => "refresh",
        InspectStoreRequest => "inspect-store",
        ResolveDivergenceRequest => "resolve-divergence",
        RotateCredentialRequest => "rotate-credential",
        _ => null,
    };

    [LoggerMessage(2110, LogLevel.Information, "Request {RequestId} was delivered again; its outcome is reported again")]
    private static partial void LogRepeated(ILogger logger, string requestId);
    [LoggerMessage(2111, LogLevel.Error, "Request {RequestId} could not be recorded")]
    private static partial void LogNotRecorded(ILogger logger, Exception error, string requestId);
    [LoggerMessage(2112, LogLevel.Error, "Request {RequestId} failed unexpectedly")]
    private static partial void LogFailed(ILogger logger, Exception error, string requestId);
}
