namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>State of one volume as its agent sees it.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="State">One of <see cref="VolumeRunState"/>.</param>
/// <param name="Reason">Why it is in that state, for people; empty when nothing is wrong. Begins with <c>Corrupt:</c> when stored bytes are damaged.</param>
/// <param name="BacklogBytes">Written and not yet committed by the service.</param>
/// <param name="RecoveryPointAgeSeconds">Age of the newest state the service could restore.</param>
/// <param name="ServingAt">Where hosts reach it, as NBD URIs.</param>
/// <param name="HydratedBytes">Bytes present locally while restoring; equals <paramref name="SizeBytes"/> when complete.</param>
/// <param name="SizeBytes">Size of the volume.</param>
[GenerateSerializer, Immutable, Alias("tidegate.volume-status")]
public sealed record VolumeStatus(
    [property: Id(0)] string VolumeId,
    [property: Id(1)] VolumeRunState State,
    [property: Id(2)] string Reason,
    [property: Id(3)] long BacklogBytes,
    [property: Id(4)] double RecoveryPointAgeSeconds,
    [property: Id(5)] IReadOnlyList<string> ServingAt,
    [property: Id(6)] long HydratedBytes,
    [property: Id(7)] long SizeBytes)
{
    /// <summary>Since when it is in that state, by the gateway's clock; null when it cannot tell.</summary>
    [Id(8)]
    public DateTimeOffset? Since { get; init; }

    /// <summary>
    /// While blocks of the store are brought to the service (<see cref="VolumeRunState.Bootstrapping"/>, <see cref="VolumeRunState.CatchingUp"/>), or will
    /// be (<see cref="VolumeRunState.PassThrough"/>): bytes of those that it has by now, holes and zeroes included; published with the last.
    /// </summary>
    [Id(9)]
    public long CopiedBytes { get; init; }

    /// <summary>Bytes of those that it has not; 0 when there is nothing to bring.</summary>
    [Id(10)]
    public long LeftBytes { get; init; }

    /// <summary>Estimate of the time that those take, seconds; null while there is none.</summary>
    [Id(11)]
    public double? RemainingSeconds { get; init; }

    /// <summary>What is wrong with its way to the service.</summary>
    [Id(12)]
    public VolumeAlarms Alarms { get; init; }

    /// <summary>Share of its write log that waits for the service, 0 to 1.</summary>
    [Id(13)]
    public double LogFill { get; init; }

    /// <summary>How old the recovery point may grow, in seconds; 0 from an agent that does not say.</summary>
    [Id(14)]
    public int RecoveryPointObjectiveSeconds { get; init; }
}
