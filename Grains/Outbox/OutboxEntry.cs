namespace Tidegate.Grains.Outbox;

/// <summary>
/// An event and audit record, saved with the state change that causes it and published afterwards, at least once and in
/// order per aggregate (overview, rules for grains; I14).
/// </summary>
/// <param name="Number">Counts up by one per aggregate, from 1.</param>
/// <param name="Aggregate">Resource id.</param>
/// <param name="AccountId">Owner; empty for the service's own.</param>
/// <param name="Kind">Stable name, for example <c>volume.created</c>.</param>
/// <param name="At">Service time.</param>
/// <param name="ActorId">Who caused it.</param>
/// <param name="Json">The event's body: what changed, and the projection's row for the aggregate. No secrets.</param>
/// <param name="PreviousHash">Hash of the aggregate's entry before; 32 zero bytes for the first.</param>
/// <param name="Hash">SHA-256 over the previous hash and every field above, in the documented encoding.</param>
[GenerateSerializer, Immutable, Alias("tidegate.outbox-entry")]
public sealed record OutboxEntry(
    [property: Id(0)] long Number,
    [property: Id(1)] string Aggregate,
    [property: Id(2)] string AccountId,
    [property: Id(3)] string Kind,
    [property: Id(4)] DateTimeOffset At,
    [property: Id(5)] string ActorId,
    [property: Id(6)] string Json,
    [property: Id(7)] byte[] PreviousHash,
    [property: Id(8)] byte[] Hash);
