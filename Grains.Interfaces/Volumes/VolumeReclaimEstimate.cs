namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>What deleting snapshots together would free (M5.4).</summary>
/// <param name="Bytes">Stored bytes that nothing else needs.</param>
/// <param name="IsAtLeast">True while large discards are still being looked into: it may be more.</param>
[GenerateSerializer, Immutable, Alias("tidegate.volume-reclaim-estimate")]
public sealed record VolumeReclaimEstimate([property: Id(0)] long Bytes, [property: Id(1)] bool IsAtLeast)
{
    /// <summary>What of earlier deletions and discards is still being freed, in units of work; 0 when nothing is.</summary>
    [Id(2)] public int Waiting { get; init; }
}
