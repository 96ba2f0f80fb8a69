using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Aggregates;

/// <summary>Base of every saved state. Records are never changed in place: an interleaved reader sees the last saved one.</summary>
[GenerateSerializer, Alias("tidegate.state.aggregate")]
internal abstract record AggregateState
{
    /// <summary>Audit chain and unpublished entries, saved with the change that causes them.</summary>
    [Id(0)] public OutboxState Outbox { get; init; } = new();
}
