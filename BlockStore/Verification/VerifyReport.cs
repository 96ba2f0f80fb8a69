namespace Tidegate.BlockStore.Verification;

/// <summary>What a verification found.</summary>
/// <param name="Volumes">Each volume that could be opened.</param>
/// <param name="Pages">Pages of maps and catalogues that were reached; each is counted once, however many images share it.</param>
/// <param name="Segments">Segments that were reached.</param>
/// <param name="Frames">Frames that were reached; those of the tails' segments all count.</param>
/// <param name="BytesRead">Bytes of data segments that were read and decrypted; 0 when quick.</param>
/// <param name="Damages">What is damaged, at most <see cref="VerifyOptions.MaxDamages"/>.</param>
/// <param name="DamageCount">How much is damaged.</param>
public sealed record VerifyReport(
    IReadOnlyList<VerifiedVolume> Volumes,
    long Pages,
    long Segments,
    long Frames,
    long BytesRead,
    IReadOnlyList<StoreDamage> Damages,
    long DamageCount)
{
    /// <summary>True when nothing is damaged.</summary>
    public bool IsSound => DamageCount == 0;
}
