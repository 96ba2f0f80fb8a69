using Tidegate.Client.Rest;

namespace Tidegate.GatewayAgent.Link;

/// <summary>
/// When to connect again (<c>docs/protocols/link.md</c>, discovery): at once after a sound link; after failures with jittered, doubling
/// waits, which stay short for a while after a loss, because another silo takes the gateway as soon as the dead one is known to be dead (M1.9).
/// </summary>
internal sealed class ReconnectSchedule(TimeProvider time)
{
    /// <summary>A link that stood this long was sound: its break is no reason to wait.</summary>
    public static readonly TimeSpan Sound = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan MaxRefusedRetry = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan MaxRecentRetry = TimeSpan.FromSeconds(1);

    private DateTimeOffset? _lostAt;

    /// <summary>Attempts and short-lived links in a row.</summary>
    public int Failures { get; private set; }

    /// <summary>How long to wait after a link that was held for so long; zero when it was never accepted.</summary>
    public TimeSpan AfterLink(TimeSpan heldFor)
    {
        if (heldFor > TimeSpan.Zero) _lostAt = time.GetUtcNow();
        Failures = heldFor >= Sound ? 0 : Failures + 1;
        return Failures == 0 ? TimeSpan.Zero : Backoff.After(Failures, FirstRetry, Longest);
    }

    /// <summary>How long to wait after an attempt that failed, or that the service refused for what the agent is.</summary>
    public TimeSpan AfterFailure(bool refused)
    {
        Failures++;
        return Backoff.After(Failures, FirstRetry, refused ? MaxRefusedRetry : Longest);
    }

    private TimeSpan Longest => _lostAt is { } at && time.GetUtcNow() - at < Recent ? MaxRecentRetry : MaxRetry;
}
