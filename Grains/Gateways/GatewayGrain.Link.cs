using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Security;
using Tidegate.Grains.Waking;

namespace Tidegate.Grains.Gateways;

// The link: one stream per generation, driven by LinkMachine. State kept in memory changes synchronously only.
internal sealed partial class GatewayGrain
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan AlarmSaveInterval = TimeSpan.FromSeconds(2);

    private LiveLink? _live;
    private DateTimeOffset _alarmsSavedAt;
    private int _opening;
    private bool _isReplaced;

    /// <inheritdoc />
    public async IAsyncEnumerable<LinkFrame> Open(LinkHello hello, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var link = await OpenLinkAsync(hello);
        try
        {
            await foreach (var frame in link.Frames(cancellation)) yield return frame;
        }
        finally
        {
            await LoseLinkAsync(link, "closed by the agent");
            if (_isReplaced) DeactivateOnIdle();
        }
    }

    /// <inheritdoc />
    public Task Register(IGatewayObserver observer, long generation)
    {
        Authorisation.RequireGateway(Key, What);
        LinkMachine.RequireGeneration(_live?.State, generation);
        _live!.Observer = observer;
        EndPredecessor(_live);
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task Heartbeat(LinkHeartbeat heartbeat)
    {
        Authorisation.RequireGateway(Key, What);
        LinkMachine.RequireGeneration(_live?.State, heartbeat.Generation);
        _live!.State = LinkMachine.Heard(_live.State, heartbeat, Now);
        if (_alarmsSavedAt + AlarmSaveInterval <= Now && AlarmRules.IsNews(State, heartbeat.Volumes)) _ = SaveAlarmsAsync(heartbeat.Volumes);
        return Task.CompletedTask;
    }

    // Beside the heartbeat, which waits for nothing; whatever is not saved now the next one finds again.
    private async Task SaveAlarmsAsync(IReadOnlyList<VolumeStatus> reported)
    {
        _alarmsSavedAt = Now;
        try
        {
            await ChangeAsync((state, now) => AlarmRules.Reported(state, reported, now));
        }
        catch (Exception failure)
        {
            LogAlarmsNotSaved(_log, failure, Key);
        }
    }

    private async Task<LiveLink> OpenLinkAsync(LinkHello hello)
    {
        Authorisation.RequireClient(Key, hello.ClientId, What);
        _opening++;
        try
        {
            var holding = await RequireConnectionAsync(hello.ClientId);
            var superseded = _live;
            var opened = await SaveChangeAsync((state, now) => GatewayMachine.LinkOpened(state, hello, holding.Generation, _live is not null, now, holding.Thumbprint));
            superseded = _live ?? superseded;
            var isNewer = superseded is not null && superseded.Generation < opened.Generation;
            var isSame = superseded?.State.InstanceId == hello.InstanceId;
            var link = new LiveLink(LinkMachine.Open(hello, opened.Generation, Now), holding)
            {
                Predecessor = isNewer && isSame && superseded!.State.ClientId != hello.ClientId && superseded.Observer is not null ? superseded : null,
            };
            if (link.Predecessor is not null)
            {
                link.Predecessor.IsHandedOver = true;
            }
            else if (isNewer)
            {
                EndLink(superseded, new LinkSuperseded(isSame ? "The agent opened a newer link." : "Another agent opened a link with this gateway's certificate.", isSame));
                if (superseded!.State.ClientId != hello.ClientId) _ = registries.CloseSupersededAsync(superseded.Holding);
            }

            link.Send(new LinkAccepted(link.Generation, holding.Silo.ToString()));
            link.Send(new LinkConfiguration(GatewayMachine.ConfigurationOf(State)));
            _live = link;
            _ = PumpAsync(link);
            return link;
        }
        finally
        {
            _opening--;
            await SettleQuietlyAsync();
        }
    }

    // The agent takes requests over the newer link now, or that link has ended and with it both.
    private void EndPredecessor(LiveLink link)
    {
        if (link.Predecessor is not { } predecessor) return;
        link.Predecessor = null;
        predecessor.End(new LinkSuperseded("The agent opened a newer link.", true));
        _ = registries.CloseSupersededAsync(predecessor.Holding);
    }

    // Runs on the grain's scheduler between its turns until the link is over.
    private async Task PumpAsync(LiveLink link)
    {
        try
        {
            // Whoever is handed over is not pinged any more, nor has it a lease.
            while (!link.Over.IsCancellationRequested && !link.IsHandedOver)
            {
                if (CertificateRules.HasRetired(State, Now)) await SettleQuietlyAsync();
                FollowAuthorities(link);
                var step = LinkMachine.Tick(link.State, Now);
                link.State = step.State;
                var isTaken = step.Ping is null || link.Send(step.Ping);
                if (step.IsLost || !isTaken)
                {
                    await LoseLinkAsync(link, "not heard in time");
                    return;
                }

                if (step.Ping is not null) _ = RenewLeaseAsync(link);
                if (step.IsLeaseOver) await ConfirmHolderAsync(link);
                await Task.Delay(step.LookAgainIn > ShortestWait ? step.LookAgainIn : ShortestWait, Clock, link.Over);
            }
        }
        catch (OperationCanceledException)
        {
            // The link is over.
        }
        catch (Exception failure)
        {
            LogLinkFailed(_log, failure, Key);
            EndLink(link, null);
        }
    }

    // With every ping the holder has its presence lease renewed, and learns when another activation has it (M1.7).
    private async Task RenewLeaseAsync(LiveLink link)
    {
        var asked = Now;
        try
        {
            var isGranted = await WakeShards.For(GrainFactory, this.GetGrainId()).RenewLease(this.GetGrainId(), link.Generation);
            if (isGranted) link.State = LinkMachine.LeaseRenewed(link.State, asked);
            else await ConfirmHolderAsync(link);
        }
        catch (Exception failure)
        {
            LogLeaseNotRenewed(_log, failure, Key);
        }
    }

    // The lease was refused, or ran out because the shard could not be reached: what is saved decides.
    private async Task ConfirmHolderAsync(LiveLink link)
    {
        try
        {
            await RereadAsync();
        }
        catch (Exception failure)
        {
            // While nobody can read what is saved, nobody has opened a newer link either. The next ping asks again.
            LogLeaseNotRenewed(_log, failure, Key);
            return;
        }

        if (link.Over.IsCancellationRequested || link.IsHandedOver) return;
        if (State.Generation == link.Generation)
        {
            link.State = LinkMachine.LeaseRenewed(link.State, Now);
            return;
        }

        // The activation goes when its stream has ended: until then the agent would not be told.
        _isReplaced = true;
        EndLink(link, new LinkSuperseded("A newer link was opened elsewhere.", false));
    }

    private async Task LoseLinkAsync(LiveLink link, string reason)
    {
        var wasLive = _live == link;
        EndLink(link, null);
        if (!wasLive) return;
        try
        {
            await ChangeAsync((state, now) => GatewayMachine.LinkLost(state, link.Generation, reason, now, link.State.Volumes, link.State.HeardAt));
        }
        catch (Exception failure)
        {
            // The wake shard finds the gateway connected without a link, and saves the loss later.
            LogLinkFailed(_log, failure, Key);
        }
    }

    private void EndLink(LiveLink? link, LinkFrame? last)
    {
        if (link is null) return;
        if (_live == link)
        {
            _live = null;
            FailWaiters();
        }

        EndPredecessor(link);
        link.End(last);
    }

    [LoggerMessage(122, LogLevel.Warning, "The presence lease of gateway {Gateway} could not be renewed; its link goes on and the next ping tries again")]
    private static partial void LogLeaseNotRenewed(ILogger log, Exception failure, string gateway);

    [LoggerMessage(123, LogLevel.Warning, "Alarms of gateway {Gateway} could not be saved; its next heartbeat tries again")]
    private static partial void LogAlarmsNotSaved(ILogger log, Exception failure, string gateway);

    [LoggerMessage(121, LogLevel.Warning, "The link of gateway {Gateway} ended in an error; the agent will open it again")]
    private static partial void LogLinkFailed(ILogger log, Exception failure, string gateway);
}
