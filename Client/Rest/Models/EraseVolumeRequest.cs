namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/volumes/{id}/erasure</c>.</summary>
/// <param name="Confirm">Every id that becomes unreadable with the volume (<see cref="EraseVictimsView.Victims"/>).</param>
public sealed record EraseVolumeRequest(IReadOnlyList<string> Confirm);
