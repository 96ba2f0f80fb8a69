namespace Tidegate.Grains.Outbox;

/// <summary>Who did something to what, and when: the fields that every entry of one change shares.</summary>
internal sealed record OutboxOrigin(string Aggregate, string AccountId, string ActorId, DateTimeOffset At);
