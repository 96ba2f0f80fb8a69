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

    private readonly ConfigurationApplier _configurations = new(volumes, board, time, logger);
    private readonly ReconnectSchedule _schedule = new(time);
    private readonly ReportSender _reports = new(journal, time, logger);

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
        ILinkConnection connection;
        try
        {
            connection = await connector.ConnectAsync(cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            throw LinkFailures.Translate(error);
        }
        holder.Set(connection);
        try
        {
            return await HoldAsync(connection, cancellationToken);
        }
        finally
        {
            holder.Clear(connection);
            await CloseAsync(connection);
        }
    }

    /// <summary>Holds the link while its connection stands: a stream that ends alone, as when its grain moves, is opened again at once.</summary>
    private async Task<LinkEnd> HoldAsync(ILinkConnection connection, CancellationToken cancellationToken)
    {
        LinkEnd? before = null;
        while (true)
        {
            var end = await new HeldLink(connection, inbox, volumes, _configurations, _reports, board, time, logger).HoldAsync(cancellationToken);
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
    [LoggerMessage(2151, LogLevel.Warning, "Connecting failed {Failures} times: {Why} {NextStep} Next attempt in {Delay}")]
    private static partial void LogNotConnected(ILogger logger, int failures, string why, string nextStep, TimeSpan delay);
    [LoggerMessage(2152, LogLevel.Error, "Another agent with this gateway's identity took over: {Why}")]
    private static partial void LogSuperseded(ILogger logger, string why);
    [LoggerMessage(2153, LogLevel.Debug, "A connection did not close cleanly: {Why}")]
    private static partial void LogNotClosed(ILogger logger, string why);
}
