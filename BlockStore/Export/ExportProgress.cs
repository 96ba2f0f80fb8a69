namespace Tidegate.BlockStore.Export;

/// <summary>How far an export has come.</summary>
/// <param name="Position">Bytes of the image that are done, zeroes included.</param>
/// <param name="SizeBytes">Size of the image.</param>
/// <param name="DataBytes">Bytes of it that were read from the store.</param>
public readonly record struct ExportProgress(long Position, long SizeBytes, long DataBytes);
