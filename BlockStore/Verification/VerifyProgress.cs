namespace Tidegate.BlockStore.Verification;

/// <summary>How far a verification has come.</summary>
/// <param name="Words">What it is at.</param>
/// <param name="Done">Bytes read of the segments, once all are known; 0 before.</param>
/// <param name="Total">Bytes to read; 0 while the maps are walked.</param>
public readonly record struct VerifyProgress(string Words, long Done, long Total);
