namespace Tidegate.GatewayAgent.Hooks;

/// <summary>Kept on disk from before applications are frozen until they are thawed, so that an agent that dies in between thaws when it starts again.</summary>
/// <param name="GroupId">The group; empty for a single snapshot.</param>
/// <param name="Volumes">The volumes.</param>
internal sealed record FreezeNote(string GroupId, IReadOnlyList<HookVolume> Volumes);
