using Tidegate.Grains.Aggregates;

namespace Tidegate.Grains.Activation;

/// <summary>See <see cref="IClaimLimiterGrain"/>: 20 keys of no use in 10 minutes.</summary>
[GrainType("claim-limiter")]
internal sealed class ClaimLimiterGrain(AggregateServices services) : Grain, IClaimLimiterGrain
{
    /// <summary>Failures after which an account is refused.</summary>
    public const int MaxFailures = 20;

    private readonly FailureWindow _failures = new(MaxFailures, TimeSpan.FromMinutes(10));

    /// <inheritdoc />
    public Task<bool> MayTry() => Task.FromResult(!_failures.IsBlocked(services.Clock.GetUtcNow()));

    /// <inheritdoc />
    public Task Failed()
    {
        _failures.Failed(services.Clock.GetUtcNow());
        return Task.CompletedTask;
    }
}
