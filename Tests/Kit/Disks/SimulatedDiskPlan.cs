namespace Tidegate.Tests.Kit.Disks;

/// <summary>What goes wrong on a simulated disk, and which promises it breaks (planted bugs that a test must catch).</summary>
internal sealed class SimulatedDiskPlan
{
    /// <summary>The changing call, counted from 1, at which power is lost; half of a write may have been made.</summary>
    public int CrashAtCall { get; set; } = int.MaxValue;
    /// <summary>Changing calls that fail, with their errno.</summary>
    public Dictionary<int, int> Errors { get; } = [];
    /// <summary>The place of a sector that is in the page cache and has its space: to change it needs no disk, so that it fails only with the power.</summary>
    public (string File, long Position)? CachedSector { get; init; }
    /// <summary>Reads that fail, counted from 1 by themselves, with their errno.</summary>
    public Dictionary<int, int> ReadErrors { get; } = [];
    /// <summary>Syncs of files that fail, counted from 1 by themselves, with their errno.</summary>
    public Dictionary<int, int> SyncErrors { get; } = [];
    /// <summary>Pages the disk can hold.</summary>
    public long CapacityPages { get; set; } = long.MaxValue;
    /// <summary>Runs inside a sync, after it has chosen what it covers: others write meanwhile.</summary>
    public Action? DuringSync { get; set; }
    /// <summary>Planted: the name of a file whose syncs do nothing.</summary>
    public string? IgnoresSyncOf { get; set; }
    /// <summary>Planted: directory syncs do nothing.</summary>
    public bool IgnoresDirectorySync { get; set; }
    /// <summary>Planted: every so many writes, one is acknowledged and never made.</summary>
    public int LosesWriteEvery { get; set; }
}
