namespace Tidegate.GatewayAgent.Hooks;

/// <summary>What brings applications to rest around a snapshot's point, and wakes them again (<c>docs/operating/snapshot-hooks.md</c>; M2.8).</summary>
internal sealed record HookSet
{
    /// <summary>Longest that freezing and thawing may be allowed to take together: the service waits little longer for the point.</summary>
    public static readonly TimeSpan LongestTogether = TimeSpan.FromSeconds(15);

    /// <summary>What it is called in messages and notes: a volume's name, or empty for the agent's own.</summary>
    public required string Name { get; init; }

    /// <summary>Program and arguments, as they are given to the kernel: no shell reads them.</summary>
    public required IReadOnlyList<string> Freeze { get; init; }

    /// <summary>Program and arguments; it runs after every freeze, whatever became of that.</summary>
    public required IReadOnlyList<string> Thaw { get; init; }

    /// <summary>How long freezing may take; 1 to 14 s.</summary>
    public TimeSpan FreezeLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long thawing may take; 1 to 14 s.</summary>
    public TimeSpan ThawLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>True when a snapshot fails that cannot be frozen for; otherwise it is taken crash-consistent.</summary>
    public bool FailsSnapshot { get; init; } = true;
}
