using System.Threading.RateLimiting;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Api;

/// <summary>Rate limits of this silo: by API key, and by address for whoever has shown none (security, Tenants; M4.4).</summary>
internal sealed class RequestLimits(ApiOptions options) : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly PartitionedRateLimiter<string> _keys = Buckets(options.RequestBurst, options.RequestsPerSecond, Second);
    private readonly PartitionedRateLimiter<string> _refusals = Minute(options.RefusalsPerMinute);
    private readonly PartitionedRateLimiter<string> _activations = Minute(options.ActivationsPerMinute);
    private readonly PartitionedRateLimiter<string> _signIns = Minute(options.SignInsPerMinute);
    private readonly PartitionedRateLimiter<string> _polls = Minute(options.ActivationPollsPerMinute);

    /// <summary>Counts a request of an API key.</summary>
    public void CountRequest(string keyId) => Take(_keys, keyId, "this API key");

    /// <summary>Refuses an address that has shown too many wrong credentials; counts nothing.</summary>
    public void CheckRefusals(string address) => Take(_refusals, address, "this address", count: 0);

    /// <summary>Counts a wrong credential.</summary>
    public void CountRefusal(string address) => Take(_refusals, address, "this address");

    /// <summary>Counts an activation, claim or preview of an address or account.</summary>
    public void CountActivation(string who) => Take(_activations, who, "this address or account");

    /// <summary>Counts a poll of an address.</summary>
    public void CountPoll(string address) => Take(_polls, address, "this address");

    /// <summary>Counts an attempt of an address to sign in to the console.</summary>
    public void CountSignIn(string address) => Take(_signIns, address, "this address");

    public void Dispose()
    {
        _signIns.Dispose();
        _keys.Dispose();
        _refusals.Dispose();
        _activations.Dispose();
        _polls.Dispose();
    }

    private static PartitionedRateLimiter<string> Minute(int count) => Buckets(count, Math.Max(1, count / 60), TimeSpan.FromSeconds(Math.Max(1, 60.0 / count)));

    private static PartitionedRateLimiter<string> Buckets(int burst, int tokens, TimeSpan period) => PartitionedRateLimiter.Create<string, string>(who =>
        RateLimitPartition.GetTokenBucketLimiter(who, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = burst,
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = period,
            QueueLimit = 0,
        }));

    private static void Take(PartitionedRateLimiter<string> limiter, string who, string whoInWords, int count = 1)
    {
        using var lease = limiter.AttemptAcquire(who, count);
        if (!lease.IsAcquired)
            throw new TidegateException(ErrorCodes.RateLimited, $"Too many requests by {whoInWords}.", "Wait as Retry-After says, then go on more slowly.");
    }
}
