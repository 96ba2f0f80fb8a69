using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Volumes;

// What is wrong with the volume's way to the service.
internal sealed partial class VolumeHost
{
    private readonly AlarmMachine _alarms = new();

    /// <summary>What was raised when alarms were last judged.</summary>
    public VolumeAlarms Alarms => _alarms.Raised;

    /// <summary>Judges the volume's alarms; called once every <see cref="AlarmMachine.Interval"/>. What it reads is null while the volume is not served.</summary>
    public VolumeReading? Watch()
    {
        Served? served;
        lock (_gate)
            served = _served;
        VolumeReading? reading = served is null ? null : ReadingOf(served);
        var before = _alarms.Raised;
        // Nothing is on its way from a volume that is not served; that it is not is told by its state.
        var raised = _alarms.Judge(reading ?? new VolumeReading(TimeSpan.Zero, SealDeadline.Of(0), 0, 0, 0, 0, IsHeldBack: false, IsPaused: false));
        if ((raised & ~before) != VolumeAlarms.None)
            VolumeLog.AlarmRaised(_logger, VolumeId, raised & ~before, reading?.Age ?? TimeSpan.Zero, reading?.LogFill ?? 0);
        if ((before & ~raised) != VolumeAlarms.None)
            VolumeLog.AlarmCleared(_logger, VolumeId, before & ~raised);
        return reading;
    }

    private VolumeReading ReadingOf(Served served)
    {
        var (status, log) = (served.Pipeline.Status, served.Volume.Log);
        return new VolumeReading(
            status.RecoveryPointAge, served.Pipeline.Objective, status.BacklogBytes, served.Volume.IsPast ? 0 : log.CapacityBytes, log.End, log.Committed.LogEnd,
            served.Uploads.IsHeldBack, _environment.Uplink.Uploads.Rate == 0);
    }
}
