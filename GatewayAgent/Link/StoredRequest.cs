namespace Tidegate.GatewayAgent.Link;

/// <summary>A delivered request as <c>requests/</c> keeps it.</summary>
/// <param name="RequestId">The request.</param>
/// <param name="Kind">Name of its operation.</param>
/// <param name="ReceivedAt">When it was taken over, by this machine's clock.</param>
/// <param name="Outcome">How it ended; null while it runs.</param>
/// <param name="IsReported">True once the service has taken the report.</param>
internal sealed record StoredRequest(string RequestId, string Kind, DateTimeOffset ReceivedAt, StoredOutcome? Outcome, bool IsReported);
