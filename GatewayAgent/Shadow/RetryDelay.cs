using Tidegate.Client.Rest;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>Delays between attempts of one operation: counts its failures and draws each delay from <see cref="Backoff"/>. Not thread-safe.</summary>
/// <param name="first">Upper end of the first delay.</param>
/// <param name="longest">Upper end of every delay.</param>
/// <param name="jitter">Draws; null draws from the system.</param>
internal sealed class RetryDelay(TimeSpan first, TimeSpan longest, Random? jitter = null)
{
    /// <summary>Failures since the last success.</summary>
    public int Failures { get; private set; }

    /// <summary>Counts a failure and returns how long to wait.</summary>
    public TimeSpan Next() => Backoff.After(++Failures, first, longest, jitter?.NextDouble());

    /// <summary>Forgets the failures after a success.</summary>
    public void Reset() => Failures = 0;
}
