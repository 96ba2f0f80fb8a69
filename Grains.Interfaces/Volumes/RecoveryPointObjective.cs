namespace Tidegate.Grains.Interfaces.Volumes;

/// <summary>How old a volume's newest recovery point may grow while its gateway has an uplink that works, in seconds.</summary>
public static class RecoveryPointObjective
{
    /// <summary>The shortest.</summary>
    public const int MinSeconds = 1;

    /// <summary>The longest: a day.</summary>
    public const int MaxSeconds = 86400;

    /// <summary>Of a volume that was told nothing else.</summary>
    public const int DefaultSeconds = 60;
}
