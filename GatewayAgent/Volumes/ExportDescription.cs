namespace Tidegate.GatewayAgent.Volumes;

/// <summary>One export that front ends may offer.</summary>
/// <param name="VolumeId">The volume.</param>
/// <param name="Name">Its name; the NBD export name, matched exactly.</param>
/// <param name="SizeBytes">Size in bytes; a multiple of 4096.</param>
/// <param name="IsReadOnly">True when writes are refused.</param>
internal sealed record ExportDescription(string VolumeId, string Name, long SizeBytes, bool IsReadOnly);
