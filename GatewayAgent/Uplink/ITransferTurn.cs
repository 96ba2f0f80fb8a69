namespace Tidegate.GatewayAgent.Uplink;

/// <summary>One transfer under way; disposing it ends it, finished or not.</summary>
internal interface ITransferTurn : IDisposable
{
    /// <summary>Waits until some of <paramref name="bytes"/> (at least 1) may be carried, and says how many: at least one, and never more than a small slice.</summary>
    ValueTask<int> TakeAsync(int bytes, CancellationToken cancellationToken);
}
