namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Whether the agent took a request over.</summary>
/// <param name="Accepted">True once the request id is durable at the agent.</param>
/// <param name="ErrorCode">One of <c>ErrorCodes</c> when refused.</param>
/// <param name="Reason">For people.</param>
[GenerateSerializer, Immutable, Alias("tidegate.deliver-reply")]
public sealed record DeliverReply(
    [property: Id(0)] bool Accepted,
    [property: Id(1)] string ErrorCode = "",
    [property: Id(2)] string Reason = "");
