namespace Tidegate.GatewayAgent.Hooks;

/// <summary>Setting <c>SnapshotHooks</c> of the agent's configuration: hooks for all volumes, and in their place those of single volumes.</summary>
/// <param name="Agent">For volumes without their own; null for none. Runs once for a group.</param>
/// <param name="Volumes">By the volume's name.</param>
internal sealed record HookOptions(HookSet? Agent, IReadOnlyDictionary<string, HookSet> Volumes)
{
    /// <summary>No hooks at all.</summary>
    public static HookOptions None { get; } = new(null, new Dictionary<string, HookSet>());

    /// <summary>The hooks of a volume, or null.</summary>
    public HookSet? For(string volumeName) => Volumes.GetValueOrDefault(volumeName, Agent!);

    /// <summary>Every set there is.</summary>
    public IEnumerable<HookSet> All => Agent is null ? Volumes.Values : Volumes.Values.Prepend(Agent);
}
