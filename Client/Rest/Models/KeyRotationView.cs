namespace Tidegate.Client.Rest.Models;

/// <summary>A new generation of a volume's data key: <c>POST /v1/volumes/{id}/key-rotations</c>.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="KeyGeneration">The generation that its next segments are sealed with.</param>
public sealed record KeyRotationView(string VolumeId, int KeyGeneration);
