namespace Tidegate.BlockStore.Records;

/// <summary>An audit entry as a record keeps it (<c>docs/formats/audit.md</c>, Entry).</summary>
public sealed record RecordEntry(
    long Number,
    string Aggregate,
    string AccountId,
    string Kind,
    DateTimeOffset At,
    string ActorId,
    string Json,
    ReadOnlyMemory<byte> PreviousHash,
    ReadOnlyMemory<byte> Hash);
