using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways;

/// <summary>A request that was pushed to the agent.</summary>
/// <param name="RequestId">Its id.</param>
/// <param name="Operation">What it asks, so that an id is not used again for something else.</param>
/// <param name="Deadline">When its callers stop waiting.</param>
/// <param name="ForgetAt">When it is forgotten.</param>
/// <param name="Progress">0 to 1, as last reported.</param>
/// <param name="Outcome">The final report, once there is one.</param>
internal sealed record RequestEntry(
    string RequestId, string Operation, DateTimeOffset Deadline, DateTimeOffset ForgetAt, double Progress, RequestReport? Outcome);
