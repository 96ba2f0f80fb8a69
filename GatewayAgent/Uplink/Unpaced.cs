namespace Tidegate.GatewayAgent.Uplink;

/// <summary>No limit: for what a host waits for.</summary>
internal sealed class Unpaced : ITransferPace, ITransferTurn
{
    public static readonly Unpaced Instance = new();

    public ValueTask<ITransferTurn> BeginAsync(CancellationToken cancellationToken) => ValueTask.FromResult<ITransferTurn>(this);

    public ValueTask<int> TakeAsync(int bytes, CancellationToken cancellationToken) => ValueTask.FromResult(Math.Min(bytes, TransferLimiter.MaxSliceBytes));

    public void Dispose()
    {
        // Nothing is held.
    }
}
