namespace Tidegate.Grains.Interfaces.Gateways;

/// <summary>Alarms of one volume that are raised, as the service has them.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="Alarms">Which; at least one.</param>
/// <param name="ChangedAt">Service time of the last change among them.</param>
[GenerateSerializer, Immutable, Alias("tidegate.raised-alarms")]
public sealed record RaisedAlarms(
    [property: Id(0)] string VolumeId,
    [property: Id(1)] VolumeAlarms Alarms,
    [property: Id(2)] DateTimeOffset ChangedAt);
