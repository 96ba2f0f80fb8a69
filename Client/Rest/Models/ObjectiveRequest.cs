namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>PUT /v1/volumes/{id}/objective</c>.</summary>
/// <param name="RecoveryPointSeconds">How old the volume's newest recovery point may grow: 1 to 86,400 s.</param>
public sealed record ObjectiveRequest(int RecoveryPointSeconds);
