using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Link;

/// <summary>How a request ended: an error, or one of the results.</summary>
/// <param name="ErrorCode">Empty on success.</param>
/// <param name="Message">For people; empty on success.</param>
/// <param name="Barrier">Result of a snapshot request.</param>
/// <param name="Live">Result of a describe request.</param>
/// <param name="Refreshed">Result of a refresh request.</param>
/// <param name="Group">Result of a group snapshot request.</param>
/// <param name="Store">Result of a store's inspection.</param>
/// <param name="Resolved">Result of a divergence's end.</param>
/// <param name="Rotated">Result of a credential's rotation.</param>
internal sealed record StoredOutcome(
    string ErrorCode, string Message, SnapshotBarrier? Barrier = null, GatewayLiveDescription? Live = null, BlocksRefreshed? Refreshed = null, GroupBarriers? Group = null,
    StoreInspection? Store = null, DivergenceResolved? Resolved = null, CredentialRotated? Rotated = null)
{
    public static StoredOutcome Success(RequestResult result) => result switch
    {
        SnapshotBarrier barrier => new StoredOutcome("", "", Barrier: barrier),
        GatewayLiveDescription live => new StoredOutcome("", "", Live: live),
        BlocksRefreshed refreshed => new StoredOutcome("", "", Refreshed: refreshed),
        GroupBarriers group => new StoredOutcome("", "", Group: group),
        StoreInspection store => new StoredOutcome("", "", Store: store),
        DivergenceResolved resolved => new StoredOutcome("", "", Resolved: resolved),
        CredentialRotated rotated => new StoredOutcome("", "", Rotated: rotated),
        _ => throw new ArgumentException($"There is no request that answers with {result.GetType().Name}.", nameof(result)),
    };

    /// <summary>The final report of this outcome on one link.</summary>
    public RequestReport ToReport(string requestId, long generation) =>
        new(requestId, generation, IsFinal: true, Progress: 1, ErrorCode, Message, (RequestResult?)Barrier ?? (RequestResult?)Live ?? (RequestResult?)Refreshed ?? (RequestResult?)Group ?? (RequestResult?)Store ?? (RequestResult?)Resolved ?? Rotated);
}
