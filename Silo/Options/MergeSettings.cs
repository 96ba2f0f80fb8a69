using Tidegate.BlockStore.Folding;

namespace Tidegate.Silo.Options;

/// <summary>Section <c>Tidegate:Merging</c>: how few frames a block is kept at, and what that may cost.</summary>
internal sealed class MergeSettings : ICheckedOptions
{
    public const string Section = "Tidegate:Merging";

    private const int MostPercent = 400;
    private const int MostFrames = 15;
    private const int MostBlocks = 512;

    /// <summary>Frames of a block that merging comes to, 1 to 15. Default 4.</summary>
    public int TargetFrames { get; set; } = new MergeOptions().TargetFrames;

    /// <summary>Blocks over that number which 32 MiB of a volume must have before any of them is merged, 1 to 512. Default 8.</summary>
    public int MinBlocks { get; set; } = new MergeOptions().MinBlocks;

    /// <summary>Stored bytes that a fold may write for it, in percent of the data that it takes in, 0 to 400. Default 125.</summary>
    public int SharePercent { get; set; } = (int)(new MergeOptions().Share * 100);

    /// <summary>What a fold may write for it besides, in KiB, 0 or more. Default 1024.</summary>
    public int FreeKib { get; set; } = (int)(new MergeOptions().FreeBytes >> 10);

    /// <inheritdoc />
    public IEnumerable<string> Faults()
    {
        if (TargetFrames is < 1 or > MostFrames) yield return $"{Section}:{nameof(TargetFrames)} is {TargetFrames}; give 1 to {MostFrames}.";
        if (MinBlocks is < 1 or > MostBlocks) yield return $"{Section}:{nameof(MinBlocks)} is {MinBlocks}; give 1 to {MostBlocks}.";
        if (SharePercent is < 0 or > MostPercent) yield return $"{Section}:{nameof(SharePercent)} is {SharePercent}; give 0 to {MostPercent}.";
        if (FreeKib < 0) yield return $"{Section}:{nameof(FreeKib)} is {FreeKib}; give 0 or more.";
    }

    public MergeOptions ToOptions() => new() { TargetFrames = TargetFrames, MinBlocks = MinBlocks, Share = SharePercent / 100.0, FreeBytes = (long)FreeKib << 10 };
}
