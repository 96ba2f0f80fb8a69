using Orleans.Concurrency;

namespace Tidegate.Grains.Activation;

/// <summary>Limits how often an account may guess activation keys (M4.4). Key: account id. In memory alone.</summary>
[GrainInterfaceType("tidegate.claim-limiter"), Alias("tidegate.claim-limiter")]
internal interface IClaimLimiterGrain : IGrainWithStringKey
{
    /// <summary>True while the account may try.</summary>
    [AlwaysInterleave, Alias("may-try")]
    Task<bool> MayTry();

    /// <summary>Counts a key that was of no use.</summary>
    [AlwaysInterleave, Alias("failed")]
    Task Failed();
}
