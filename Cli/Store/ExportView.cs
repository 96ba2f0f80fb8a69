namespace Tidegate.Cli.Store;

/// <summary>Outcome of <c>store export</c>.</summary>
internal sealed record ExportView(string Volume, string Image, long Sequence, string File, long SizeBytes, long DataBytes, string? Sha256);
