using System.Threading.RateLimiting;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Silo.Link;

/// <summary>How many calls a certificate may make, on each silo that serves them (<c>docs/protocols/link.md</c>, Limits). More are refused, one by one.</summary>
internal sealed class CallLimits : IDisposable
{
    private readonly PartitionedRateLimiter<string> _certificates = PartitionedRateLimiter.Create<string, string>(static thumbprint =>
        RateLimitPartition.GetTokenBucketLimiter(thumbprint, static _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = LinkLimits.CallBurst,
            TokensPerPeriod = LinkLimits.CallsPerSecond / 10,
            ReplenishmentPeriod = TimeSpan.FromSeconds(0.1),
            QueueLimit = 0,
        }));

    /// <summary>Counts a call; throws <c>RateLimited</c>, which is worth another try, when there were too many.</summary>
    public void Take(string thumbprint)
    {
        using var lease = _certificates.AttemptAcquire(thumbprint);
        if (!lease.IsAcquired)
        {
            throw new TidegateException(ErrorCodes.RateLimited, $"This gateway makes more than {LinkLimits.CallsPerSecond} calls a second.",
                "Go on more slowly; the call was not made.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _certificates.Dispose();
}
