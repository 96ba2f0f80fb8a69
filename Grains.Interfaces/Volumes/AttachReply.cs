namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>A granted attach.</summary>
/// <param name="Epoch">The new epoch.</param>
/// <param name="CommittedSequence">The head's sequence; the next segment is this plus one.</param>
/// <param name="CommittedLogEnd">The log may be trimmed to here.</param>
/// <param name="TipDigest">Digest the next segment names as previous.</param>
/// <param name="OwnerAccountId">Owner written into segment headers.</param>
/// <param name="KeyGeneration">Generation of <paramref name="DataKey"/>.</param>
/// <param name="DataKey">The volume's data key, 32 bytes; kept in memory alone.</param>
/// <param name="SizeBytes">Size of the volume.</param>
[GenerateSerializer, Immutable, Alias("tidegate.attach-reply")]
public sealed record AttachReply(
    [property: Id(0)] long Epoch,
    [property: Id(1)] long CommittedSequence,
    [property: Id(2)] long CommittedLogEnd,
    [property: Id(3)] byte[] TipDigest,
    [property: Id(4)] string OwnerAccountId,
    [property: Id(5)] int KeyGeneration,
    [property: Id(6)] byte[] DataKey,
    [property: Id(7)] long SizeBytes)
{
    /// <summary>Key of the volume's first generation, 32 bytes, for digests; empty when that is <see cref="DataKey"/>.</summary>
    [Id(8)]
    public byte[] DigestKey { get; init; } = [];

    /// <summary>The head's incarnation: another than before when it was rebuilt, or found to have gone back.</summary>
    [Id(9)]
    public long Incarnation { get; init; }

    /// <summary>Not null: the image and the store have come apart, and a branch is staged to put them together again. Sequence, log end and digest are the branch's.</summary>
    [Id(10)]
    public StagingStanding? Staging { get; init; }
}
