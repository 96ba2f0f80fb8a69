namespace Tidegate.Cli.Store;

/// <summary>A head as its manifest holds it (<c>docs/formats/head.md</c>).</summary>
internal sealed record HeadView(
    long Version,
    long Incarnation,
    long Epoch,
    long CommittedSequence,
    long CommittedLogEnd,
    string TipDigest,
    int KeyGeneration,
    long SizeBytes,
    long BaseSequence,
    string? Root,
    string? CatalogueRoot,
    string? Relocation,
    DateTimeOffset CommittedAt,
    DateTimeOffset HostTime);
