using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Gateways;

// Requests pushed to the agent: pending entries with deadlines. Whoever waits does so in a call that interleaves.
internal sealed partial class GatewayGrain
{
    private static readonly TimeSpan DescribeTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BarrierTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan RefreshTimeout = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan InspectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ResolveTimeout = TimeSpan.FromSeconds(25);

    private readonly Dictionary<string, TaskCompletionSource<RequestReport>> _waiters = [];
    private RequestTable _requests = RequestTable.Empty;

    /// <inheritdoc />
    public async Task<GatewayLiveDescription> DescribeLive(string requestId)
    {
        RequireOwner(Roles.Readers);
        var request = new DescribeRequest { RequestId = Arguments.Text(requestId, "request id", 64), ValidFor = DescribeTimeout };
        return await PushAsync<GatewayLiveDescription>(request, "describe", DescribeTimeout);
    }

    /// <inheritdoc />
    public async Task<SnapshotBarrier> TakeBarrier(string volumeId, string snapshotId, string requestId)
    {
        RequireOwner(Roles.Uploaders, volumeId);
        var request = new SnapshotRequest
        {
            RequestId = Arguments.Text(requestId, "request id", 64),
            ValidFor = BarrierTimeout,
            VolumeId = volumeId,
            SnapshotId = snapshotId,
        };
        return await PushAsync<SnapshotBarrier>(request, $"snapshot {volumeId} {snapshotId}", BarrierTimeout);
    }

    /// <inheritdoc />
    public async Task<GroupBarriers> TakeGroupBarriers(string groupId, GroupMember[] members, string requestId)
    {
        RequireOwner(Roles.Uploaders);
        var request = new GroupSnapshotRequest
        {
            RequestId = Arguments.Text(requestId, "request id", 64),
            ValidFor = BarrierTimeout,
            GroupId = groupId,
            Members = members,
        };
        return await PushAsync<GroupBarriers>(request, $"group {groupId} {members.Length}", BarrierTimeout);
    }

    /// <inheritdoc />
    public async Task<BlocksRefreshed> RefreshBlocks(string volumeId, long[] blocks, string requestId)
    {
        RequireOwner(Roles.Admins, volumeId);
        var request = new RefreshRequest
        {
            RequestId = Arguments.Text(requestId, "request id", 64),
            ValidFor = RefreshTimeout,
            VolumeId = volumeId,
            Blocks = blocks,
        };
        return await PushAsync<BlocksRefreshed>(request, $"refresh {volumeId} {blocks.Length}", RefreshTimeout);
    }

    /// <inheritdoc />
    public async Task<StoreInspection> InspectStore(string path, string requestId)
    {
        RequireOwner(Roles.Admins);
        var request = new InspectStoreRequest
        {
            RequestId = Arguments.Text(requestId, "request id", 64),
            ValidFor = InspectTimeout,
            Path = Arguments.Text(path, "path of the store", InspectStoreRequest.MaxPathLength),
        };
        return await PushAsync<StoreInspection>(request, $"inspect {path}", InspectTimeout);
    }

    /// <inheritdoc />
    public async Task<DivergenceResolved> ResolveDivergence(string volumeId, DivergenceChoice keep, VolumeTip tip, string snapshotId, string requestId)
    {
        RequireOwner(Roles.Admins, volumeId);
        var request = new ResolveDivergenceRequest
        {
            RequestId = Arguments.Text(requestId, "request id", 64),
            ValidFor = ResolveTimeout,
            VolumeId = volumeId,
            Keep = keep,
            Tip = tip,
            SnapshotId = snapshotId,
        };
        return await PushAsync<DivergenceResolved>(request, $"resolve {volumeId} {keep}", ResolveTimeout);
    }

    /// <inheritdoc />
    public Task Report(RequestReport report)
    {
        Authorisation.RequireGateway(Key, What);
        LinkMachine.RequireGeneration(_live?.State, report.Generation);
        _requests = _requests.Report(report);
        if (report.IsFinal && _waiters.Remove(report.RequestId, out var waiter)) waiter.TrySetResult(report);
        return Task.CompletedTask;
    }

    private async Task<TResult> PushAsync<TResult>(GatewayRequest request, string operation, TimeSpan timeout)
        where TResult : RequestResult
    {
        var link = (_live ?? throw LiveLink.NotConnected()).RequireReachable();
        (_requests, var entry, _) = _requests.Start(request.RequestId, operation, timeout, Now);
        if (entry.Outcome is { } known) return ResultOf<TResult>(known);
        if (!_waiters.TryGetValue(request.RequestId, out var waiter))
        {
            _waiters[request.RequestId] = waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
            await DeliverAsync(link, request, waiter);
        }

        try
        {
            return ResultOf<TResult>(await waiter.Task.WaitAsync(timeout, Clock));
        }
        catch (TimeoutException)
        {
            _waiters.Remove(request.RequestId);
            throw TimedOut();
        }
    }

    private async Task DeliverAsync(LiveLink link, GatewayRequest request, TaskCompletionSource<RequestReport> waiter)
    {
        TidegateException refusal;
        while (true)
        {
            try
            {
                var reply = await CallAgentAsync(link, request);
                if (reply.Accepted) return;
                refusal = new TidegateException(
                    reply.ErrorCode.Length > 0 ? reply.ErrorCode : ErrorCodes.InvalidState, $"The gateway refused the request: {reply.Reason}");
                break;
            }
            catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
            {
                refusal = TimedOut();
            }
            catch (TidegateException unreached)
            {
                refusal = unreached;
            }

            // The agent has gone over to a newer connection meanwhile, and the request or the answer to it was left on the old one. Nothing is done twice.
            if (!link.IsHandedOver || waiter.Task.IsCompleted || _live is not { Observer: not null } successor || successor == link) break;
            link = successor;
        }

        // A report that overtook the reply stands.
        if (waiter.Task.IsCompletedSuccessfully) return;
        _waiters.Remove(request.RequestId);
        _requests = _requests.Drop(request.RequestId);
        waiter.TrySetException(refusal);
    }

    // What the caller brought in the request context is not the agent's business (M3.6).
    private async Task<DeliverReply> CallAgentAsync(LiveLink link, GatewayRequest request)
    {
        RequestContext.Clear();
        var delivering = DeliverByHolderAsync(link, link.Observer!, request);
        // Once the link is over, nothing is answered over it any more.
        _ = delivering.ContinueWith(static given => given.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        return await delivering.WaitAsync(link.Over);
    }

    private static TResult ResultOf<TResult>(RequestReport report)
        where TResult : RequestResult
    {
        if (report.ErrorCode.Length > 0) throw new TidegateException(report.ErrorCode, report.Message);
        return report.Result as TResult ?? throw new TidegateException(
            ErrorCodes.Internal, "The gateway answered the request with something else.", "Update the agent.");
    }

    private void FailWaiters()
    {
        foreach (var waiter in _waiters.Values) waiter.TrySetException(TimedOut());
        _waiters.Clear();
    }

    private static TidegateException TimedOut() => new(
        ErrorCodes.GatewayTimeout, "The gateway did not answer in time; it may or may not have done what was asked.", "Try again with the same request id.");
}
