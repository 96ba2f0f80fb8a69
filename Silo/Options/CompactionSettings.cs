using Tidegate.BlockStore.Compaction;

namespace Tidegate.Silo.Options;

/// <summary>Section <c>Tidegate:Compaction</c>: when volumes are made smaller in the bucket, and how much one job does.</summary>
internal sealed class CompactionSettings : ICheckedOptions
{
    public const string Section = "Tidegate:Compaction";

    /// <summary>Stored over reachable bytes that a volume is brought to, 1.05 to 10. Default 1.3.</summary>
    public double TargetRatio { get; set; } = new CompactionOptions().TargetRatio;

    /// <summary>Garbage of a volume that is left alone, in MiB, 0 or more. Default 32.</summary>
    public int MinGarbageMib { get; set; } = 32;

    /// <summary>Most that one job copies, in MiB, 1 or more. Default 256.</summary>
    public int MaxCopiedMib { get; set; } = 256;

    /// <inheritdoc />
    public IEnumerable<string> Faults()
    {
        if (TargetRatio is not (>= 1.05 and <= 10)) yield return $"{Section}:{nameof(TargetRatio)} is {TargetRatio}; give 1.05 to 10.";
        if (MinGarbageMib < 0) yield return $"{Section}:{nameof(MinGarbageMib)} is {MinGarbageMib}; give 0 or more.";
        if (MaxCopiedMib < 1) yield return $"{Section}:{nameof(MaxCopiedMib)} is {MaxCopiedMib}; give 1 or more.";
    }

    public CompactionOptions ToOptions() => new()
    {
        TargetRatio = TargetRatio,
        MinGarbageBytes = (long)MinGarbageMib << 20,
        MaxCopiedBytes = (long)MaxCopiedMib << 20,
    };
}
