namespace Tidegate.BlockStore.Export;

/// <summary>What was exported.</summary>
/// <param name="SizeBytes">Size of the image.</param>
/// <param name="DataBytes">Bytes of it that are not holes.</param>
/// <param name="Sha256">SHA-256 of the whole image, zeroes included; null when none was asked for.</param>
public sealed record ExportResult(long SizeBytes, long DataBytes, string? Sha256);
