namespace Tidegate.Silo.Projections;

/// <summary>A row of the audit log, as the table holds it.</summary>
internal sealed class AuditRow
{
    public long Position { get; init; }

    public string Aggregate { get; init; } = "";

    public long Number { get; init; }

    public string AccountId { get; init; } = "";

    public string Kind { get; init; } = "";

    public string At { get; init; } = "";

    public string ActorId { get; init; } = "";

    public string Body { get; init; } = "";

    public byte[] PreviousHash { get; init; } = [];

    public byte[] Hash { get; init; } = [];
}
