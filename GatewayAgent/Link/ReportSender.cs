using System.Threading.Channels;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.GatewayAgent.Link;

/// <summary>
/// Reports outcomes over one link until the service has taken each; what is left is sent again on the next link. A failing
/// report never ends the link: its deadline protocol alone says when it is lost.
/// </summary>
internal sealed partial class ReportSender(RequestJournal journal, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private readonly Channel<bool> _work = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>There may be something to send.</summary>
    public void Wake() => _work.Writer.TryWrite(true);

    /// <summary>Sends until cancelled, or until another link has taken this one's place, which then sends what is left.</summary>
    public async Task RunAsync(ILinkConnection connection, long generation, CancellationToken cancellationToken)
    {
        Wake();
        while (await _work.Reader.WaitToReadAsync(cancellationToken))
        {
            _work.Reader.TryRead(out _);
            foreach (var request in journal.Unreported())
            {
                if (await SendAsync(connection, request, generation, cancellationToken) is not { } isTaken)
                {
                    Wake();
                    return;
                }

                if (isTaken) continue;
                await Task.Delay(RetryDelay, time, cancellationToken);
                Wake();
            }
        }
    }

    /// <summary>True when the service has taken the report, or wants none; null when the link of this generation is not the open one any more.</summary>
    private async Task<bool?> SendAsync(ILinkConnection connection, StoredRequest request, long generation, CancellationToken cancellationToken)
    {
        try
        {
            await connection.ReportAsync(request.Outcome!.ToReport(request.RequestId, generation)).WaitAsync(cancellationToken);
        }
        catch (TidegateException superseded) when (superseded.Code == ErrorCodes.InvalidState)
        {
            return null;
        }
        catch (TidegateException refused) when (refused.Code is ErrorCodes.NotFound or ErrorCodes.InvalidArgument or ErrorCodes.Forbidden)
        {
            // Nobody waits for it any more.
            LogRefused(logger, request.RequestId, refused.Message);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            LogNotTaken(logger, request.RequestId, error.Message);
            return false;
        }
        journal.MarkReported(request.RequestId, request.Outcome!);
        return true;
    }

    [LoggerMessage(2120, LogLevel.Warning, "The service does not want the report of request {RequestId}: {Why}")]
    private static partial void LogRefused(ILogger logger, string requestId, string why);
    [LoggerMessage(2121, LogLevel.Warning, "The report of request {RequestId} was not taken ({Why}); it is sent again")]
    private static partial void LogNotTaken(ILogger logger, string requestId, string why);
}
