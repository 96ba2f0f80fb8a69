using System.Security.Cryptography;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// Delays between attempts of one operation: doubling from <paramref name="first"/> to <paramref name="longest"/>, each drawn
/// evenly from its upper half, so that many agents that lost the same service do not come back together. Not thread-safe.
/// </summary>
/// <param name="first">Upper end of the first delay.</param>
/// <param name="longest">Upper end of every delay.</param>
/// <param name="jitter">Draws from [0, 1); null draws from the system's generator.</param>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, Func<double>? jitter = null)
{
    private readonly Func<double> _jitter = jitter ?? (static () => RandomNumberGenerator.GetInt32(1 << 20) / (double)(1 << 20));
    private int _failures;

    /// <summary>Failures since the last success.</summary>
    public int Failures => _failures;

    /// <summary>Counts a failure and returns how long to wait.</summary>
    public TimeSpan Next()
    {
        var ceiling = Math.Min(longest.TotalSeconds, first.TotalSeconds * Math.Pow(2, Math.Min(_failures, 30)));
        _failures++;
        return TimeSpan.FromSeconds(ceiling * (0.5 + 0.5 * _jitter()));
    }

    /// <summary>Forgets the failures after a success.</summary>
    public void Reset() => _failures = 0;
}
