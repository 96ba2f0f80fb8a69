namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>PATCH /v1/volumes/{id}</c>.</summary>
/// <param name="SizeBytes">The new size in bytes, a multiple of 4096, not less than the present one.</param>
public sealed record ResizeVolumeRequest(long SizeBytes);
