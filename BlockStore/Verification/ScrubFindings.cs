namespace Tidegate.BlockStore.Verification;

/// <summary>What a scrub has confirmed.</summary>
/// <param name="Damages">What is damaged.</param>
/// <param name="HeadBlocks">Blocks that the newest point cannot be read at, as far as they are known: a local copy can write them anew.</param>
public sealed record ScrubFindings(IReadOnlyList<StoreDamage> Damages, IReadOnlyList<long> HeadBlocks);
