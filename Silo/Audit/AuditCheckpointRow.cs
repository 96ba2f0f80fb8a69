namespace Tidegate.Silo.Audit;

/// <summary>A row of the checkpoints, as the table holds it.</summary>
internal sealed class AuditCheckpointRow
{
    public long Number { get; init; }

    public string AccountId { get; init; } = "";

    public string At { get; init; } = "";

    public long ThroughPosition { get; init; }

    public long Entries { get; init; }

    public byte[] Head { get; init; } = [];

    public byte[] PreviousHash { get; init; } = [];

    public byte[] KeyId { get; init; } = [];

    public byte[] Signature { get; init; } = [];

    public byte[] Hash { get; init; } = [];
}
