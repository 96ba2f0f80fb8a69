using Orleans.Concurrency;

namespace Tidegate.Grains.Snapshots.Offers;

/// <summary>What a copy asks of the offer that it was begun by.</summary>
[GrainInterfaceType("tidegate.offer-terms"), Alias("tidegate.offer-terms")]
internal interface IOfferTerms : IGrainWithStringKey
{
    /// <summary>Why the copy may not go on; null when it may.</summary>
    [AlwaysInterleave, Alias("get-refusal")]
    Task<string?> GetRefusal(string copyId);

    /// <summary>
    /// Asked before the save that completes the copy: from here on the offer cannot be revoked. Why it may not complete; null when it may. Idempotent.
    /// </summary>
    [AlwaysInterleave, Alias("conclude")]
    Task<string?> Conclude(string copyId);

    /// <summary>Told when the copy has ended without completing. Idempotent.</summary>
    [AlwaysInterleave, Alias("copy-failed")]
    Task CopyFailed(string copyId, string reason);
}
