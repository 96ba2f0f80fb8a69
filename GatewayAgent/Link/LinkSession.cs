using Tidegate.Client.Rest;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.GatewayAgent.Link;

/// <summary>
/// Keeps the gateway linked to the service (M1.2-M1.9): connects, holds, and connects again: at once when a link that
/// stood breaks, with jittered back-off while it fails. Nothing here touches local I/O.
/// </summary>
internal sealed partial class LinkSession(
    ILinkConnector connector,
    LinkHolder holder,
    RequestJournal journal,
    RequestInbox inbox,
    IGatewayVolumes volumes,
    StatusBoard board,
    TimeProvider time,
    ILogger<LinkSession> logger)
{
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstHandOverRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestHandOverRetry = TimeSpan.FromMinutes(5);

    private readonly ConfigurationApplier _configurations = new(volumes, board, time, logger);
    private readonly ReconnectSchedule _schedule = new(time);
    private readonly ReportSender _reports = new(journal, time, logger);
    private Task _handedOver = Task.CompletedTask;

    /// <summary>Runs until cancelled, or until another agent with this identity has taken over.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        void Wake(object? sender, EventArgs e) => _reports.Wake();
        inbox.OutcomeReady += Wake;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var applying = _configurations.RunAsync(ended.Token);
        try
        {
            await KeepAsync(cancellationToken);
        }
        finally
        {
            inbox.OutcomeReady -= Wake;
            await ended.CancelAsync();
            await _handedOver.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await applying.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        board.SetState(AgentState.Connecting);
        while (true)
        {
            TimeSpan delay;
            try
            {
                var end = await ConnectAndHoldAsync(cancellationToken);
                if (end.IsFinal)
                {
                    board.LinkClosed(AgentState.Superseded, $"{end.Reason} This agent serves its volumes locally and stays unlinked until it is restarted.");
                    LogSuperseded(logger, end.Reason);
                    return;
                }
                board.LinkClosed(AgentState.Disconnected, $"The link broke: {end.Reason}.");
                delay = _schedule.AfterLink(end.HeldFor);
                LogBroke(logger, end.Reason, delay);
            }
            catch (TidegateException error)
            {
                var refused = LinkFailures.IsRefusal(error);
                board.LinkClosed(refused ? AgentState.Refused : AgentState.Disconnected, error.Message);
                delay = _schedule.AfterFailure(refused);
                LogNotConnected(logger, _schedule.Failures, error.Message, error.NextStep ?? "", delay);
            }
            if (delay > TimeSpan.Zero) await Task.Delay(delay, time, cancellationToken);
        }
    }

    private async Task<LinkEnd> ConnectAndHoldAsync(CancellationToken cancellationToken)
    {
        var current = Hold(await ConnectAsync(cancellationToken), null, cancellationToken);
        var failures = 0;
        while (true)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var renewed = WhenToHandOverAsync(current.Connection, failures, either.Token);
            await Task.WhenAny(current.Ending, renewed);
            await either.CancelAsync();
            if (current.Ending.IsCompleted) return await current.Ending;
            await renewed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (await TryHandOverAsync(current, cancellationToken) is { } successor) (current, failures) = (successor, 0);
            else failures++;
        }
    }

    private async Task WhenToHandOverAsync(ILinkConnection connection, int failures, CancellationToken cancellationToken)
    {
        if (failures > 0) await Task.Delay(Backoff.After(failures, FirstHandOverRetry, LongestHandOverRetry), time, cancellationToken);
        await connector.WhenRenewedAsync(connection, cancellationToken);
    }

    /// <summary>
    /// Opens the link on a connection with the renewed certificate, and lets go of the old one only when that is accepted, so that at no moment there is
    /// none. Null when it could not be: the old one stands, or has ended by itself.
    /// </summary>
    private async Task<Holding?> TryHandOverAsync(Holding old, CancellationToken cancellationToken)
    {
        ILinkConnection connection;
        try
        {
            connection = await ConnectAsync(cancellationToken);
        }
        catch (TidegateException error)
        {
            LogNotHandedOver(logger, error.Message);
            return null;
        }

        var successor = Hold(connection, old.Connection, cancellationToken);
        await Task.WhenAny(successor.Accepted, successor.Ending);
        if (!successor.Accepted.IsCompletedSuccessfully)
        {
            cancellationToken.ThrowIfCancellationRequested();
            LogNotHandedOver(logger, (await successor.Ending).Reason);
            return null;
        }

        LogHandedOver(logger, old.Connection.Endpoint, connection.Endpoint);
        _handedOver = Task.WhenAll(_handedOver, old.Ending);
        return successor;
    }

    private async Task<ILinkConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await connector.ConnectAsync(cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            throw LinkFailures.Translate(error);
        }
    }

    private Holding Hold(ILinkConnection connection, ILinkConnection? before, CancellationToken cancellationToken)
    {
        var accepted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Until the link over it is accepted, calls go over the connection that stands.
        if (before is null) holder.Set(connection);
        return new Holding(connection, accepted.Task, HoldAndCloseAsync(connection, accepted, cancellationToken));
    }

    private async Task<LinkEnd> HoldAndCloseAsync(ILinkConnection connection, TaskCompletionSource accepted, CancellationToken cancellationToken)
    {
        try
        {
            return await HoldAsync(connection, accepted, cancellationToken);
        }
        finally
        {
            var isReplaced = holder.Connection is { } other && !ReferenceEquals(other, connection);
            holder.Clear(connection);
            // Calls that went out over a connection which was handed over still have their answers to come.
            if (isReplaced) await Task.Delay(LastAnswers, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await CloseAsync(connection);
        }
    }

    /// <summary>Holds the link while its connection stands: a stream that ends alone, as when its grain moves, is opened again at once.</summary>
    private async Task<LinkEnd> HoldAsync(ILinkConnection connection, TaskCompletionSource accepted, CancellationToken cancellationToken)
    {
        LinkEnd? before = null;
        while (true)
        {
            var link = new HeldLink(connection, inbox, volumes, _configurations, _reports, board, time, logger);
            var holding = link.HoldAsync(cancellationToken);
            await Task.WhenAny(holding, link.Accepted);
            if (link.Accepted.IsCompletedSuccessfully)
            {
                holder.Set(connection);
                accepted.TrySetResult();
            }

            var end = await holding;
            // A stream that was not accepted says nothing of how the link was.
            if (before is { } earlier && end.HeldFor == TimeSpan.Zero && !end.IsFinal) return earlier;
            if (!end.MayReopen || end.HeldFor < ReconnectSchedule.Sound) return end;
            board.LinkClosed(AgentState.Disconnected, $"The link's stream ended: {end.Reason}.");
            LogReopening(logger, end.Reason);
            before = end;
        }
    }

    private async Task CloseAsync(ILinkConnection connection)
    {
        try
        {
            await connection.DisposeAsync().AsTask().WaitAsync(CloseLimit, time, CancellationToken.None);
        }
        catch (Exception error)
        {
            LogNotClosed(logger, error.Message);
        }
    }

    [LoggerMessage(2150, LogLevel.Warning, "The link broke ({Why}); connecting again in {Delay}")]
    private static partial void LogBroke(ILogger logger, string why, TimeSpan delay);
    [LoggerMessage(2154, LogLevel.Information, "The link's stream ended ({Why}); opening it again on its connection")]
    private static partial void LogReopening(ILogger logger, string why);
    [LoggerMessage(2155, LogLevel.Information, "The link moved from {Old} to {New}, with the renewed certificate")]
    private static partial void LogHandedOver(ILogger logger, string old, string @new);
    [LoggerMessage(2156, LogLevel.Warning, "The link was not moved to a connection with the renewed certificate: {Why} The present one stands; trying again")]
    private static partial void LogNotHandedOver(ILogger logger, string why);
    [LoggerMessage(2151, LogLevel.Warning, "Connecting failed {Failures} times: {Why} {NextStep} Next attempt in {Delay}")]
    private static partial void LogNotConnected(ILogger logger, int failures, string why, string nextStep, TimeSpan delay);
    [LoggerMessage(2152, LogLevel.Error, "Another agent with this gateway's identity took over: {Why}")]
    private static partial void LogSuperseded(ILogger logger, string why);
    [LoggerMessage(2153, LogLevel.Debug, "A connection did not close cleanly: {Why}")]
    private static partial void LogNotClosed(ILogger logger, string why);

    /// <summary>A link that is held: over which connection, when it was accepted, and how it ends.</summary>
    private readonly record struct Holding(ILinkConnection Connection, Task Accepted, Task<LinkEnd> Ending);
}
