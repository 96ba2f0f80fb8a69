namespace Tidegate.GatewayAgent.Uplink;

/// <summary>One volume's share of the uplink in one direction.</summary>
internal interface ITransferPace
{
    /// <summary>
    /// Waits until one more transfer may begin: ask for a ticket and open a connection only then, for neither keeps for long. Transfers that have
    /// begun are served in the order in which they did.
    /// </summary>
    ValueTask<ITransferTurn> BeginAsync(CancellationToken cancellationToken);
}
