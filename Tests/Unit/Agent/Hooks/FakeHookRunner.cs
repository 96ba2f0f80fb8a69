using System.Collections.Concurrent;
using Tidegate.GatewayAgent.Hooks;

namespace Tidegate.Tests.Unit.Agent.Hooks;

/// <summary>Commands that are noted instead of run. The first word of a command is what it is called.</summary>
internal sealed class FakeHookRunner : IHookRunner
{
    public ConcurrentQueue<string> Ran { get; } = [];

    public ConcurrentQueue<IReadOnlyDictionary<string, string>> Environments { get; } = [];

    /// <summary>What a command answers; it succeeds otherwise.</summary>
    public Dictionary<string, string> Failures { get; } = [];

    /// <summary>What a command waits for.</summary>
    public Dictionary<string, Task> Waits { get; } = [];

    public async Task<string> RunAsync(
        IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, TimeSpan limit, CancellationToken cancellationToken)
    {
        Ran.Enqueue(command[0]);
        Environments.Enqueue(environment);
        if (Waits.TryGetValue(command[0], out var wait))
            await wait.WaitAsync(cancellationToken);
        return Failures.GetValueOrDefault(command[0], "");
    }
}
