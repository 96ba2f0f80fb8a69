using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Uplink;

/// <summary>
/// A volume's alarms (M2.10, docs/operating/uplink.md), judged by one reading a second. Each is raised at one mark and cleared at another, so that what
/// hovers around a mark tells nobody twice. Knows no clock.
/// </summary>
internal sealed class AlarmMachine
{
    /// <summary>Between two readings.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private const double FillingAt = 0.7;
    private const double NearlyFullAt = 0.9;
    private const double FillStep = 0.1;
    private const double AgeClearedAt = 0.8;
    private const int SlowWindow = 60;
    private const int HeldBackMost = SlowWindow * 8 / 10;
    private static readonly TimeSpan StallSlack = TimeSpan.FromMinutes(1);

    private readonly Queue<VolumeReading> _window = new();
    private TimeSpan _withoutCommit;
    private long _committedEnd = -1;
    private volatile VolumeAlarms _raised;

    /// <summary>What is raised now; to be read by any thread.</summary>
    public VolumeAlarms Raised => _raised;

    /// <summary>Takes the next reading; what is raised after it.</summary>
    public VolumeAlarms Judge(VolumeReading reading)
    {
        var before = _raised;
        var next = VolumeAlarms.None;
        Set(VolumeAlarms.RecoveryPointOld, reading.Age > reading.Objective, reading.Age > reading.Objective * AgeClearedAt);
        Set(VolumeAlarms.LogFilling, reading.LogFill >= FillingAt, reading.LogFill >= FillingAt - FillStep);
        Set(VolumeAlarms.LogNearlyFull, reading.LogFill >= NearlyFullAt, reading.LogFill >= NearlyFullAt - FillStep);
        var isStalled = IsStalled(reading);
        Set(VolumeAlarms.DrainStalled, isStalled, isStalled);
        var (isSlow, isStillSlow) = IsSlow(reading);
        Set(VolumeAlarms.UplinkTooSlow, isSlow, isStillSlow);
        _raised = next;
        return next;

        void Set(VolumeAlarms alarm, bool isReached, bool isKept)
        {
            if (isReached || (isKept && before.HasFlag(alarm))) next |= alarm;
        }
    }

    // A pause is what somebody wants; that the recovery point grows old is told apart.
    private bool IsStalled(VolumeReading reading)
    {
        var isMoving = reading.BacklogBytes == 0 || reading.CommittedEnd != _committedEnd || reading.IsPaused;
        (_withoutCommit, _committedEnd) = (isMoving ? TimeSpan.Zero : _withoutCommit + Interval, reading.CommittedEnd);
        return _withoutCommit >= reading.Objective + StallSlack;
    }

    private (bool IsSlow, bool IsStillSlow) IsSlow(VolumeReading reading)
    {
        _window.Enqueue(reading);
        if (_window.Count <= SlowWindow) return (false, reading.BacklogBytes > 0);
        var first = _window.Dequeue();
        var isHeldBack = _window.Count(static one => one.IsHeldBack) >= HeldBackMost;
        var (written, committed) = (reading.WrittenEnd - first.WrittenEnd, reading.CommittedEnd - first.CommittedEnd);
        return (isHeldBack && written > committed, isHeldBack && reading.BacklogBytes > 0 && written >= committed / 2);
    }
}
