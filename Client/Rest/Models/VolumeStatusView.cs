using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Client.Rest.Models;

/// <summary>One volume as its agent sees it.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="State">State on the gateway.</param>
/// <param name="Reason">Why it is in that state, for people; empty when nothing is wrong.</param>
/// <param name="BacklogBytes">Bytes written and not yet committed by the service.</param>
/// <param name="RecoveryPointAgeSeconds">Age of the newest state that the service could restore.</param>
/// <param name="ServingAt">NBD URIs by which hosts reach it.</param>
/// <param name="HydratedBytes">Bytes present locally; equals <paramref name="SizeBytes"/> when nothing is left to fetch.</param>
/// <param name="SizeBytes">Size of the volume.</param>
/// <param name="Since">Since when it is in that state, by the gateway's clock; null when it cannot tell.</param>
/// <param name="CopiedBytes">Of the store's blocks that are brought over in one publication, bytes that the service has by now.</param>
/// <param name="LeftBytes">Bytes of those that it has not; 0 when there is nothing to bring.</param>
/// <param name="RemainingSeconds">Estimate of the time that those take; null while there is none.</param>
public sealed record VolumeStatusView(
    string VolumeId,
    VolumeRunState State,
    string Reason,
    long BacklogBytes,
    double RecoveryPointAgeSeconds,
    IReadOnlyList<string> ServingAt,
    long HydratedBytes,
    long SizeBytes,
    DateTimeOffset? Since = null,
    long CopiedBytes = 0,
    long LeftBytes = 0,
    double? RemainingSeconds = null)
{
    /// <summary>What is wrong with its way to the service: <c>recoveryPointOld</c>, <c>logFilling</c>, <c>logNearlyFull</c>, <c>drainStalled</c>, <c>uplinkTooSlow</c>.</summary>
    public IReadOnlyList<string> Alarms { get; init; } = [];

    /// <summary>Share of its write log that waits for the service, 0 to 1.</summary>
    public double LogFill { get; init; }
}
