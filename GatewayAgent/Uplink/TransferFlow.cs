namespace Tidegate.GatewayAgent.Uplink;

/// <summary>A volume's pace under a <see cref="TransferLimiter"/>.</summary>
internal abstract class TransferFlow : ITransferPace
{
    /// <summary>True while a transfer of it waits for the limiter.</summary>
    public abstract bool IsHeldBack { get; }

    /// <inheritdoc/>
    public abstract ValueTask<ITransferTurn> BeginAsync(CancellationToken cancellationToken);
}
