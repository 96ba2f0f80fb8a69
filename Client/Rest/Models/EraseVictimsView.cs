namespace Tidegate.Client.Rest.Models;

/// <summary>What erasing a volume would make unreadable besides it: <c>GET /v1/volumes/{id}/erasure</c>.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="Victims">Ids of its snapshots, and of the volumes made from them and from theirs.</param>
public sealed record EraseVictimsView(string VolumeId, IReadOnlyList<string> Victims);
