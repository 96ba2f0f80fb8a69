namespace Tidegate.GatewayAgent.Volumes;

/// <summary>Pages of a <see cref="PresenceMap"/> as they were when collected: what may be written once the store is synced.</summary>
internal sealed record PresenceMarks(IReadOnlyList<(int Index, byte[] Bytes)> Pages);
