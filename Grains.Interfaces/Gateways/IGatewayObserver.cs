namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Held by the agent; the gateway grain pushes management requests to it over the agent's own connection.</summary>
[GrainInterfaceType("tidegate.gateway-observer"), Alias("tidegate.gateway-observer")]
public interface IGatewayObserver : IGrainObserver
{
    /// <summary>
    /// Hands over a request. Returns within 2 s, after the agent has durably recorded the request id; the work itself
    /// answers through <see cref="IGatewayLinkGrain.Report"/>.
    /// </summary>
    [ResponseTimeout("00:00:02"), Alias("deliver")]
    Task<DeliverReply> Deliver(GatewayRequest request);
}
