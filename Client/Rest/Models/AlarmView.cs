namespace Tidegate.Client.Rest.Models;

/// <summary>Alarms of one volume that are raised.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="Alarms">Which: <c>recoveryPointOld</c>, <c>logFilling</c>, <c>logNearlyFull</c>, <c>drainStalled</c>, <c>uplinkTooSlow</c>.</param>
/// <param name="ChangedAt">Service time of the last change among them.</param>
public sealed record AlarmView(string VolumeId, IReadOnlyList<string> Alarms, DateTimeOffset ChangedAt);
