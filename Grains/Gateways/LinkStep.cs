using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways;

/// <summary>What a link has to do at a moment.</summary>
/// <param name="State">The link afterwards.</param>
/// <param name="Ping">A ping to send, or null.</param>
/// <param name="IsLost">The agent has not been heard in time.</param>
/// <param name="IsLeaseOver">The presence lease was not renewed in time: it must look whether it still is the holder (M1.7).</param>
/// <param name="LookAgainIn">When to look again.</param>
internal sealed record LinkStep(LinkState State, LinkPing? Ping, bool IsLost, bool IsLeaseOver, TimeSpan LookAgainIn);
