using System.Security.Cryptography;

namespace Tidegate.Client.Rest;

/// <summary>Exponential back-off with full jitter above a half: of many callers that failed together few come back together.</summary>
public static class Backoff
{
    /// <summary>Wait after failure number <paramref name="failures"/> (from 1): between half and all of first·2^(failures-1), at most <paramref name="cap"/>.</summary>
    /// <param name="failures">From 1.</param>
    /// <param name="first">The most that is waited after the first failure.</param>
    /// <param name="cap">The most that is ever waited.</param>
    /// <param name="draw">0 to 1: how far above the half; null draws from the system.</param>
    public static TimeSpan After(int failures, TimeSpan first, TimeSpan cap, double? draw = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failures, 1);
        var full = Math.Min(cap.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 30)));
        return TimeSpan.FromMilliseconds(full * (0.5 + ((draw ?? (RandomNumberGenerator.GetInt32(0, 1001) / 1000.0)) / 2)));
    }
}
