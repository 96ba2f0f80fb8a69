using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Gateways;

// The link: one stream per generation, driven by LinkMachine. State kept in memory changes synchronously only.
internal sealed partial class GatewayGrain
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(10);

    private LiveLink? _live;
    private int _opening;

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
        }
    }

    /// <inheritdoc />
    public Task Register(IGatewayObserver observer, long generation)
    {
        Authorisation.RequireGateway(Key, What);
        LinkMachine.RequireGeneration(_live?.State, generation);
        _live!.Observer = observer;
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public Task Heartbeat(LinkHeartbeat heartbeat)
    {
        Authorisation.RequireGateway(Key, What);
        LinkMachine.RequireGeneration(_live?.State, heartbeat.Generation);
        _live!.State = LinkMachine.Heard(_live.State, heartbeat, Now);
        return Task.CompletedTask;
    }

    private async Task<LiveLink> OpenLinkAsync(LinkHello hello)
    {
        Authorisation.RequireClient(Key, hello.ClientId, What);
        _opening++;
        try
        {
            var holding = await RequireConnectionAsync(hello.ClientId);
            var superseded = _live;
            var opened = await SaveChangeAsync((state, now) => GatewayMachine.LinkOpened(state, hello, holding.Generation, _live is not null, now));
            superseded = _live ?? superseded;
            var link = new LiveLink(LinkMachine.Open(hello, opened.Generation, Now), holding);
            if (superseded is not null && superseded.Generation < link.Generation)
            {
                var isSame = superseded.State.InstanceId == hello.InstanceId;
                EndLink(superseded, new LinkSuperseded(isSame ? "The agent opened a newer link." : "Another agent opened a link with this gateway's certificate.", isSame));
                if (superseded.State.ClientId != hello.ClientId) _ = registries.CloseSupersededAsync(superseded.Holding);
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

    // Runs on the grain's scheduler between its turns until the link is over.
    private async Task PumpAsync(LiveLink link)
    {
        try
        {
            while (!link.Over.IsCancellationRequested)
            {
                var step = LinkMachine.Tick(link.State, Now);
                link.State = step.State;
                var isTaken = step.Ping is null || link.Send(step.Ping);
                if (step.IsLost || !isTaken)
                {
                    await LoseLinkAsync(link, "not heard in time");
                    return;
                }

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

    // A lease runs out when the shard has not asked, or has asked another activation: what is saved decides (M1.7).
    private async Task ConfirmHolderAsync(LiveLink link)
    {
        await RereadAsync();
        if (State.Generation == link.Generation)
        {
            link.State = LinkMachine.LeaseRenewed(link.State, Now);
            return;
        }

        EndLink(link, new LinkSuperseded("A newer link was opened elsewhere.", false));
        DeactivateOnIdle();
    }

    private async Task LoseLinkAsync(LiveLink link, string reason)
    {
        var wasLive = _live == link;
        EndLink(link, null);
        if (!wasLive) return;
        try
        {
            await ChangeAsync((state, now) => GatewayMachine.LinkLost(state, link.Generation, reason, now));
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

        link.End(last);
    }

    [LoggerMessage(121, LogLevel.Warning, "The link of gateway {Gateway} ended in an error; the agent will open it again")]
    private static partial void LogLinkFailed(ILogger log, Exception failure, string gateway);
}
