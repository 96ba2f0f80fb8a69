namespace Tidegate.Silo.Link;

/// <summary>At most so many a second, so that a log does not grow with what anybody sends. Thread-safe; two seconds that meet may let a few more through.</summary>
internal sealed class LimitedPace(TimeProvider time, int mostASecond)
{
    private long _second;
    private int _taken;

    /// <summary>False when this second has had its share.</summary>
    public bool TryTake()
    {
        var second = time.GetTimestamp() / time.TimestampFrequency;
        if (Interlocked.Exchange(ref _second, second) != second) Volatile.Write(ref _taken, 0);
        return Interlocked.Increment(ref _taken) <= mostASecond;
    }
}
