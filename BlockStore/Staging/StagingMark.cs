using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Staging;

/// <summary>
/// Name of the barrier with which whoever fills a branch ends its copying (<c>docs/formats/staging.md</c>, Publication): drawn anew each time, so that
/// a branch which has it committed went on as the log of that very process did, at least so far.
/// </summary>
public static class StagingMark
{
    /// <summary>What every mark begins with; no snapshot's id does.</summary>
    public const string Prefix = "staging-";

    /// <summary>Longest mark, in characters.</summary>
    public const int MaxLength = 64;

    /// <summary>A mark that was never drawn before.</summary>
    public static string Next(long branch, INonceSource random) => $"{Prefix}{branch}-{random.Next()}";

    /// <summary>The mark among the names of a barrier, or null.</summary>
    public static string? In(IReadOnlyList<string> barrierNames) =>
        barrierNames.LastOrDefault(name => name.StartsWith(Prefix, StringComparison.Ordinal) && name.Length <= MaxLength && name.All(char.IsAscii));
}
