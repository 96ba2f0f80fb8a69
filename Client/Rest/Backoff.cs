using System.Security.Cryptography;

namespace Tidegate.Client.Rest;

/// <summary>Exponential back-off with full jitter above a half: of many callers that failed together few come back together.</summary>
public static class Backoff
{
    /// <summary>Wait after failure number <paramref name="failures"/> (from 1): between half and all of first·2^(failures-1), at most <paramref name="cap"/>.</summary>
    public static TimeSpan After(int failures, TimeSpan first, TimeSpan cap)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failures, 1);
        var full = Math.Min(cap.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 30)));
        return TimeSpan.FromMilliseconds(full * (0.5 + (RandomNumberGenerator.GetInt32(0, 1001) / 2000.0)));
    }
}
