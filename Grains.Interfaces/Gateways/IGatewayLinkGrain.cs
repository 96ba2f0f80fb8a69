using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>
/// The agent's side of a gateway grain: the streaming call it holds, its observer and its answers
/// (<c>docs/protocols/link.md</c>; M1.2-M1.9). Key: gateway id.
/// </summary>
[GrainInterfaceType("tidegate.gateway-link"), Alias("tidegate.gateway-link")]
[KeyBelongsTo(KeyOwner.Gateway, ResourceKind.Gateway)]
public interface IGatewayLinkGrain : IGrainWithStringKey
{
    /// <summary>
    /// Opens the link: the first frame is <see cref="LinkAccepted"/> with the new generation; pings, desired
    /// configuration and notices follow until either side ends it. A newer link ends an older one with <see cref="LinkSuperseded"/> (M1.7).
    /// </summary>
    [ReachableBy(Role.Agent), Alias("open")]
    IAsyncEnumerable<LinkFrame> Open(LinkHello hello, CancellationToken cancellation = default);

    /// <summary>Registers the observer that receives management requests for this generation. Repeating it is harmless.</summary>
    [ReachableBy(Role.Agent), AlwaysInterleave, Alias("register")]
    Task Register(IGatewayObserver observer, long generation);

    /// <summary>Answers a ping (M1.6). Writes no state.</summary>
    [ReachableBy(Role.Agent), AlwaysInterleave, Alias("heartbeat")]
    Task Heartbeat(LinkHeartbeat heartbeat);

    /// <summary>The agent has stored a <see cref="LinkTrust"/>: the thumbprints of the CAs that it trusts (SHA-256, lower-case hexadecimal), at most 8. Idempotent.</summary>
    [ReachableBy(Role.Agent), AlwaysInterleave, Alias("trust-stored")]
    Task TrustStored(long generation, string[] authorities);

    /// <summary>Progress or outcome of a delivered request. Idempotent by request id; a final report is kept until acknowledged to its caller or expired.</summary>
    [ReachableBy(Role.Agent), AlwaysInterleave, Alias("report")]
    Task Report(RequestReport report);
}
