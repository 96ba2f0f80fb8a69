using System.Threading.Channels;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// How many fills may be in memory at once, over all volumes of the agent (M2.6): volumes bootstrap and catch up side by side, a fill each by turns, and
/// none waits for the end of another's copy. Turns are given in the order in which they were asked for.
/// </summary>
internal sealed class FillTurns
{
    private readonly Channel<bool> _free = Channel.CreateUnbounded<bool>();

    /// <param name="count">Fills at once, at least one; each holds up to <see cref="ShadowOptions.FillBytes"/> twice, plain and sealed.</param>
    public FillTurns(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        for (var i = 0; i < count; i++)
            _free.Writer.TryWrite(true);
    }

    /// <summary>Waits for a turn, which lasts until it is disposed of.</summary>
    public async ValueTask<IDisposable> TakeAsync(CancellationToken cancellationToken)
    {
        await _free.Reader.ReadAsync(cancellationToken);
        return new Turn(_free.Writer);
    }

    private sealed class Turn(ChannelWriter<bool> free) : IDisposable
    {
        private ChannelWriter<bool>? _free = free;

        public void Dispose() => Interlocked.Exchange(ref _free, null)?.TryWrite(true);
    }
}
