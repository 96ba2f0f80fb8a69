namespace Tidegate.Grains.Snapshots.Groups;

/// <summary>What a volume is to do with the snapshot of a group that it holds, or cannot hold.</summary>
internal enum GroupVerdict
{
    /// <summary>Keep it, and tell nobody that it is complete: another one is not.</summary>
    Wait = 0,
    /// <summary>Every one is held.</summary>
    Complete = 1,
    /// <summary>One will never be held: let go of it.</summary>
    Fail = 2,
}
