using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Uplink;

/// <summary>
/// The pace of restoring in the background, which gives way when a host waits for absent bytes: then everything of the volume goes unpaced,
/// what the background holds half-read included, because the host may need that very part.
/// </summary>
/// <param name="pace">The background's pace.</param>
/// <param name="hostsWait">A task that is complete while a host waits.</param>
internal sealed class HostsFirstPace(ITransferPace pace, Func<Task> hostsWait) : ITransferPace
{
    /// <inheritdoc/>
    public async ValueTask<ITransferTurn> BeginAsync(CancellationToken cancellationToken) =>
        await UnlessHostsWaitAsync(static (pace, stop) => pace.BeginAsync(stop).AsTask(), pace, cancellationToken) is { } turn
            ? new Turn(this, turn)
            : Unpaced.Instance;

    private async Task<T?> UnlessHostsWaitAsync<TFrom, T>(Func<TFrom, CancellationToken, Task<T>> wait, TFrom from, CancellationToken cancellationToken)
    {
        if (hostsWait() is { IsCompleted: false } arrival)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var waiting = wait(from, stop.Token);
            if (!waiting.IsCompleted) await Task.WhenAny(waiting, arrival);
            if (!waiting.IsCompleted) await StarterScheduler.CancelAsync(stop);
            await ((Task)waiting).ConfigureAwait(StarterScheduler.SuppressThrowing);
            if (waiting.IsCompletedSuccessfully) return await waiting;
        }
        cancellationToken.ThrowIfCancellationRequested();
        return default;
    }

    private sealed class Turn(HostsFirstPace pace, ITransferTurn turn) : ITransferTurn
    {
        public async ValueTask<int> TakeAsync(int bytes, CancellationToken cancellationToken) =>
            await pace.UnlessHostsWaitAsync((from, stop) => from.TakeAsync(bytes, stop).AsTask(), turn, cancellationToken) is var granted and > 0
                ? granted
                : Math.Min(bytes, TransferLimiter.MaxSliceBytes);

        public void Dispose() => turn.Dispose();
    }
}
