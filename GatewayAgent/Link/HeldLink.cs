using System.Globalization;
using System.Threading.Channels;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Link;

/// <summary>
/// One link from its opening to its end (M1.3-M1.7): reads frames, registers the observer, answers pings, and ends itself
/// when nothing was heard by the time that the last ping named.
/// </summary>
internal sealed partial class HeldLink(
    ILinkConnection connection,
    IGatewayObserver observer,
    IGatewayVolumes volumes,
    ConfigurationApplier configurations,
    ReportSender reports,
    StatusBoard board,
    TimeProvider time,
    ILogger logger)
{
    /// <summary>A link is lost after this much silence unless a ping says otherwise (agent design, Link).</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromSeconds(9);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxDeadline = TimeSpan.FromSeconds(60);

    private readonly Channel<LinkPing> _pings = Channel.CreateBounded<LinkPing>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
    private long _generation;
    private DateTimeOffset? _acceptedAt;
    private readonly TaskCompletionSource _accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _companions = Task.CompletedTask;

    /// <summary>Completes when the service has accepted the link and requests go over it.</summary>
    public Task Accepted => _accepted.Task;

    /// <summary>Holds the link until it ends; throws only when cancelled.</summary>
    public async Task<LinkEnd> HoldAsync(CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(DefaultDeadline, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var watching = EndWhenLostAsync(end);
        var hello = new LinkHello(connection.ClientId, board.Current.AgentVersion, board.Current.InstanceId, volumes.AppliedConfigurationVersion);
        var frames = connection.Open(hello, end.Token).GetAsyncEnumerator(end.Token);
        Task<bool>? moving = null;
        try
        {
            while (await (moving = frames.MoveNextAsync().AsTask()).WaitAsync(end.Token))
            {
                if (await HandleAsync(frames.Current, deadline, end) is { } last) return last;
            }
            return End("the service ended the link") with { MayReopen = !connection.Lost.IsCompleted };
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception) when (deadline.IsCancellationRequested)
        {
            return End("the service was silent for longer than it said");
        }
        catch (Exception) when (connection.Lost.IsCompleted)
        {
            return End("the connection ended");
        }
        catch (Exception error)
        {
            return End(LinkFailures.Translate(error).Message) with { MayReopen = !end.IsCancellationRequested };
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAll(_companions, watching);
            // The service learns at once that this link is over; a broken connection may never answer and is not waited for.
            await Task.WhenAny(CloseAsync(frames, moving), connection.Lost, Task.Delay(CloseLimit, time, CancellationToken.None));
        }
    }

    private async Task EndWhenLostAsync(CancellationTokenSource end)
    {
        try
        {
            await connection.Lost.WaitAsync(end.Token);
            await end.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // The link ended in another way.
        }
    }

    private async Task<LinkEnd?> HandleAsync(LinkFrame frame, CancellationTokenSource deadline, CancellationTokenSource end)
    {
        switch (frame)
        {
            case LinkAccepted accepted:
                deadline.CancelAfter(DefaultDeadline);
                _generation = accepted.Generation;
                connection.Accepted();
                await connection.RegisterAsync(observer, _generation).WaitAsync(end.Token);
                _acceptedAt = time.GetUtcNow();
                board.LinkOpened(new LinkStatus(connection.Endpoint, _generation, _acceptedAt.Value));
                LogOpened(logger, connection.Endpoint, _generation, accepted.HolderSilo);
                _companions = Task.WhenAll(AnswerPingsAsync(end), SendReportsAsync(end));
                _accepted.TrySetResult();
                break;
            case LinkPing ping:
                deadline.CancelAfter(ping.NextWithin <= TimeSpan.Zero ? DefaultDeadline : ping.NextWithin < MaxDeadline ? ping.NextWithin : MaxDeadline);
                _pings.Writer.TryWrite(ping);
                break;
            case LinkConfiguration desired:
                configurations.Offer(desired.Configuration);
                break;
            case LinkTrust trust:
                await TrustAsync(trust, end.Token);
                break;
            case LinkSuperseded superseded:
                return new LinkEnd(superseded.Reason, HeldFor(), IsFinal: !superseded.SameInstance);
            default:
                LogUnknownFrame(logger, frame.GetType().Name);
                break;
        }
        return null;
    }

    private async Task TrustAsync(LinkTrust trust, CancellationToken cancellationToken)
    {
        try
        {
            await connection.TrustAsync(trust.AuthoritiesPem, _generation).WaitAsync(cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            // The next link is told again; until then the service knows that this gateway does not trust them.
            LogNotTrusted(logger, error.Message);
        }
    }

    private async Task AnswerPingsAsync(CancellationTokenSource end)
    {
        try
        {
            // Nothing is said before the first ping: a heartbeat names the ping that it answers.
            var ping = await _pings.Reader.ReadAsync(end.Token);
            while (true)
            {
                var statuses = volumes.GetStatuses();
                await connection.HeartbeatAsync(new LinkHeartbeat(
                    _generation, ping.Number, volumes.AppliedConfigurationVersion, [.. statuses.Select(v => v.Status)])).WaitAsync(end.Token);
                ping = await NextPingAsync(ping, ShapeOf(statuses), end.Token);
            }
        }
        catch (Exception) when (end.IsCancellationRequested)
        {
            // The link ended in another way.
        }
        catch (Exception error)
        {
            LogHeartbeatFailed(logger, error.Message);
            await end.CancelAsync();
        }
    }

    /// <summary>The next ping; or the same again when a volume has changed its state, which somebody may be waiting for.</summary>
    private async Task<LinkPing> NextPingAsync(LinkPing last, string shape, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var look = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(_pings.Reader.WaitToReadAsync(look.Token).AsTask(), Task.Delay(LookInterval, time, look.Token));
            await look.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (_pings.Reader.TryRead(out var next)) return next;
            if (ShapeOf(volumes.GetStatuses()) != shape) return last;
        }
    }

    /// <summary>What of the volumes is told at once; figures that always move wait for the next ping.</summary>
    private string ShapeOf(IReadOnlyList<NamedVolumeStatus> statuses) => string.Join('\n', statuses
        .Select(v => $"{v.Status.VolumeId} {v.Status.State} {v.Status.Alarms} {v.Status.Reason} {v.Status.ServingAt.Count} {v.Status.HydratedBytes == v.Status.SizeBytes}")
        .Prepend(volumes.AppliedConfigurationVersion.ToString(CultureInfo.InvariantCulture)));

    private async Task SendReportsAsync(CancellationTokenSource end)
    {
        try
        {
            await reports.RunAsync(connection, _generation, end.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // What is left goes out on the next link.
        }
    }

    private LinkEnd End(string reason) => new(reason, HeldFor(), IsFinal: false);

    private TimeSpan HeldFor() => _acceptedAt is { } at ? time.GetUtcNow() - at : TimeSpan.Zero;

    private async Task CloseAsync(IAsyncEnumerator<LinkFrame> frames, Task<bool>? moving)
    {
        try
        {
            // An enumerator must not be disposed in the middle of a move, which its token has cancelled.
            if (moving is not null) await ((Task)moving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await frames.DisposeAsync();
        }
        catch (Exception error)
        {
            LogNotClosed(logger, error.Message);
        }
    }

    [LoggerMessage(2140, LogLevel.Information, "Holding link {Generation} over {Endpoint}, held by {Silo}")]
    private static partial void LogOpened(ILogger logger, string endpoint, long generation, string silo);
    [LoggerMessage(2141, LogLevel.Warning, "A heartbeat failed: {Why}")]
    private static partial void LogHeartbeatFailed(ILogger logger, string why);
    [LoggerMessage(2142, LogLevel.Debug, "The frames of an ended link did not close cleanly: {Why}")]
    private static partial void LogNotClosed(ILogger logger, string why);
    [LoggerMessage(2144, LogLevel.Error, "The service's CAs have changed and could not be stored: {Why} Those of before are trusted")]
    private static partial void LogNotTrusted(ILogger logger, string why);
    [LoggerMessage(2143, LogLevel.Warning, "The service sent a frame of kind {Kind}, which this agent does not know; update it")]
    private static partial void LogUnknownFrame(ILogger logger, string kind);
}
