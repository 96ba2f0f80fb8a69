namespace Tidegate.Grains.Activation;

/// <summary>Counts failed guesses in a sliding window (M4.4). In memory; knows no clock.</summary>
internal sealed class FailureWindow(int limit, TimeSpan length)
{
    private readonly Queue<DateTimeOffset> _failures = new();

    /// <summary>True while more attempts are refused.</summary>
    public bool IsBlocked(DateTimeOffset now) => CountAt(now) >= limit;

    /// <summary>True when no failure counts any more.</summary>
    public bool IsQuiet(DateTimeOffset now) => CountAt(now) == 0;

    /// <summary>Notes a failure.</summary>
    public void Failed(DateTimeOffset now)
    {
        if (!IsBlocked(now)) _failures.Enqueue(now);
    }

    private int CountAt(DateTimeOffset now)
    {
        while (_failures.TryPeek(out var oldest) && oldest <= now - length) _failures.Dequeue();
        return _failures.Count;
    }
}
