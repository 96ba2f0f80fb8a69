namespace Tidegate.Grains.Outbox;

/// <summary>An aggregate's end of its audit chain and the entries that its readers may not have yet (<c>docs/formats/audit.md</c>).</summary>
[GenerateSerializer, Immutable, Alias("tidegate.state.outbox")]
internal sealed record OutboxState
{
    /// <summary>Number of the newest entry; 0 before the first.</summary>
    [Id(0)] public long LastNumber { get; init; }

    /// <summary>Hash of the newest entry; 32 zero bytes before the first.</summary>
    [Id(1)] public byte[] LastHash { get; init; } = new byte[AuditHash.LengthBytes];

    /// <summary>Entries not known to be published when the state was saved, oldest first; at most <see cref="OutboxMachine.MaxPending"/>.</summary>
    [Id(2)] public OutboxEntry[] Pending { get; init; } = [];
}
