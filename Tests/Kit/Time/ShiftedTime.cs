namespace Tidegate.Tests.Kit.Time;

/// <summary>The system's time, set forward at will: for a part whose age is tested while everything around it runs in real time.</summary>
public sealed class ShiftedTime : TimeProvider
{
    private long _shiftTicks;

    public void Shift(TimeSpan by) => Interlocked.Add(ref _shiftTicks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + new TimeSpan(Interlocked.Read(ref _shiftTicks));

    public override long GetTimestamp() =>
        System.GetTimestamp() + (Interlocked.Read(ref _shiftTicks) * System.TimestampFrequency / TimeSpan.TicksPerSecond);

    public override long TimestampFrequency => System.TimestampFrequency;
}
