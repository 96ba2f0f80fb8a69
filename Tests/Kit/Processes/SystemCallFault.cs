namespace Tidegate.Tests.Kit.Processes;

/// <summary>What becomes of certain system calls of a process.</summary>
/// <param name="Action">In strace's words: <c>error=EIO</c>, <c>error=ENOSPC</c>, <c>signal=KILL</c>, <c>delay_enter=1s</c>.</param>
/// <param name="Calls">Names of the calls. Each name is counted by itself, and for each thread.</param>
/// <param name="Paths">Only calls on these files, whatever their descriptors are.</param>
/// <param name="First">The call that is hit first; from 1.</param>
/// <param name="Last">The last that is hit.</param>
public sealed record SystemCallFault(string Action, IReadOnlyList<string> Calls, IReadOnlyList<string> Paths, int First = 1, int Last = int.MaxValue)
{
    /// <summary>The calls by which the agent writes to a file.</summary>
    public static readonly IReadOnlyList<string> Writes = ["pwrite64", "pwritev"];

    /// <summary>The calls by which it makes a file or a directory durable.</summary>
    public static readonly IReadOnlyList<string> Syncs = ["fdatasync", "fsync"];

    /// <summary>The same, once: the n-th call of each thread.</summary>
    public static SystemCallFault Once(string action, IReadOnlyList<string> calls, string path, int number) => new(action, calls, [path], number, number);

    internal IEnumerable<string> Arguments => [.. Paths.SelectMany(path => new[] { "-P", path }), "-e", $"trace={Names}", "-e", $"inject={Names}:{Action}:when={When}"];

    private string Names => string.Join(',', Calls);

    private string When => Last == int.MaxValue ? $"{First}+" : Last == First ? $"{First}" : $"{First}..{Last}";
}
