using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Gateways;

/// <summary>
/// The alarms of a gateway's volumes as the service keeps them (M2.10, docs/operating/uplink.md). While the gateway is connected they are what its agent
/// reports; while it is away the service raises what follows from the last report. Pure. Invariant: an entry is of a volume that the gateway serves,
/// and every change of one is an event.
/// </summary>
internal static class AlarmRules
{
    private const int MaxBelievedAgeSeconds = 366 * 86400;

    // Of one save: what is left comes with the next heartbeat.
    private const int MaxVolumesAtOnce = 3;

    /// <summary>True when a report says something else than what is saved.</summary>
    public static bool IsNews(GatewayState state, IReadOnlyList<VolumeStatus> reported) => Changed(state, reported).Any();

    /// <summary>Takes over what the agent reports.</summary>
    public static Change<GatewayState, GatewayState> Reported(GatewayState state, IReadOnlyList<VolumeStatus> reported, DateTimeOffset now)
    {
        if (!state.IsConnected || IsCrowded(state)) return Change.Keep(state);
        var changes = Changed(state, reported).Take(MaxVolumesAtOnce).Select(status => (status.VolumeId, status.Alarms)).ToArray();
        return Set(state, changes, "reported", now);
    }

    /// <summary>Notes, as the link is lost, how old the recovery points are by the last report; without one they are as old as the link.</summary>
    public static GatewayState Lost(GatewayState state, IReadOnlyList<VolumeStatus> reported, DateTimeOffset heardAt) => state with
    {
        LastPoints = [.. state.Volumes.Select(volume => new LastPoint(
            volume.VolumeId,
            heardAt - AgeOf(reported.FirstOrDefault(one => one.VolumeId == volume.VolumeId))))],
    };

    /// <summary>Raises the alarm for every volume whose last known recovery point has grown older than its objective while the gateway is away.</summary>
    public static Change<GatewayState, GatewayState> Aged(GatewayState state, DateTimeOffset now)
    {
        if (state.IsConnected || IsCrowded(state)) return Change.Keep(state);
        var old = Pending(state).Where(point => DueAt(state, point) <= now).Take(MaxVolumesAtOnce)
            .Select(point => (point.VolumeId, Of(state, point.VolumeId) | VolumeAlarms.RecoveryPointOld)).ToArray();
        return Set(state, old, "the gateway is away", now);
    }

    /// <summary>When <see cref="Aged"/> has something to raise next; null for never.</summary>
    public static DateTimeOffset? NextAt(GatewayState state) =>
        state.IsConnected ? null : Pending(state).Select(point => (DateTimeOffset?)DueAt(state, point)).Min();

    /// <summary>Forgets what is no longer served.</summary>
    public static GatewayState Without(GatewayState state, Func<string, bool> isGone) => state with
    {
        Alarms = [.. state.Alarms.Where(entry => !isGone(entry.VolumeId))],
        LastPoints = [.. state.LastPoints.Where(point => !isGone(point.VolumeId))],
    };

    // Whatever an agent says, the loss of its link is saved.
    private static TimeSpan AgeOf(VolumeStatus? status) =>
        status is { RecoveryPointAgeSeconds: > 0 and var age } && double.IsFinite(age) ? TimeSpan.FromSeconds(Math.Min(age, MaxBelievedAgeSeconds)) : TimeSpan.Zero;

    private static IEnumerable<VolumeStatus> Changed(GatewayState state, IReadOnlyList<VolumeStatus> reported) => reported
        .Where(status => Of(state, status.VolumeId) != (status.Alarms & AlarmNames.All) && state.Volumes.Any(volume => volume.VolumeId == status.VolumeId));

    private static VolumeAlarms Of(GatewayState state, string volumeId) =>
        state.Alarms.FirstOrDefault(entry => entry.VolumeId == volumeId)?.Alarms ?? VolumeAlarms.None;

    private static IEnumerable<LastPoint> Pending(GatewayState state) =>
        state.LastPoints.Where(point => !Of(state, point.VolumeId).HasFlag(VolumeAlarms.RecoveryPointOld));

    private static DateTimeOffset DueAt(GatewayState state, LastPoint point)
    {
        var seconds = state.Volumes.FirstOrDefault(volume => volume.VolumeId == point.VolumeId)?.RecoveryPointObjectiveSeconds ?? 0;
        return point.PointAt + TimeSpan.FromSeconds(seconds > 0 ? seconds : Interfaces.Volumes.RecoveryPointObjective.DefaultSeconds);
    }

    // Alarms leave room in the outbox for what people do.
    private static bool IsCrowded(GatewayState state) => state.Outbox.Pending.Length >= OutboxMachine.MaxPending / 2;

    private static Change<GatewayState, GatewayState> Set(GatewayState state, IReadOnlyList<(string VolumeId, VolumeAlarms Alarms)> changes, string why, DateTimeOffset now)
    {
        if (changes.Count == 0) return Change.Keep(state);
        var events = new List<DomainEvent>();
        var entries = state.Alarms.ToList();
        foreach (var (volumeId, reported) in changes)
        {
            var (before, after) = (Of(state, volumeId), reported & AlarmNames.All);
            if ((after & ~before) != VolumeAlarms.None) events.Add(new DomainEvent("gateway.alarm-raised", new { volumeId, alarms = AlarmNames.Of(after & ~before), why }));
            if ((before & ~after) != VolumeAlarms.None) events.Add(new DomainEvent("gateway.alarm-cleared", new { volumeId, alarms = AlarmNames.Of(before & ~after) }));
            entries.RemoveAll(entry => entry.VolumeId == volumeId);
            if (after != VolumeAlarms.None) entries.Add(new RaisedAlarms(volumeId, after, now));
        }

        return Change.To(state with { Alarms = [.. entries] }, [.. events]);
    }
}
