namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Progress or outcome of a delivered request.</summary>
/// <param name="RequestId">The request.</param>
/// <param name="Generation">The link generation that the agent reports on.</param>
/// <param name="IsFinal">False for progress.</param>
/// <param name="Progress">0 to 1.</param>
/// <param name="ErrorCode">Empty on success.</param>
/// <param name="Message">For people; empty on success.</param>
/// <param name="Result">Outcome of a successful request.</param>
[GenerateSerializer, Immutable, Alias("tidegate.request-report")]
public sealed record RequestReport(
    [property: Id(0)] string RequestId,
    [property: Id(1)] long Generation,
    [property: Id(2)] bool IsFinal,
    [property: Id(3)] double Progress,
    [property: Id(4)] string ErrorCode,
    [property: Id(5)] string Message,
    [property: Id(6)] RequestResult? Result);
