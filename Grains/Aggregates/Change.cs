using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Aggregates;

/// <summary>What a machine decided: the next state (null when nothing changes), its answer, and what happened.</summary>
internal sealed record Change<TState, TResult>(TState? Next, TResult Result, params DomainEvent[] Events)
    where TState : AggregateState
{
    /// <summary>True when something is left to settle after the save, so that a wake shard must know of the grain before it.</summary>
    public bool Owes { get; init; } = Events.Length > 0;
}

/// <summary>Short forms of <see cref="Change{TState, TResult}"/>.</summary>
internal static class Change
{
    /// <summary>Nothing changes; the answer is <paramref name="result"/>.</summary>
    public static Change<TState, TResult> None<TState, TResult>(TState state, TResult result)
        where TState : AggregateState
    {
        ArgumentNullException.ThrowIfNull(state);
        return new Change<TState, TResult>(null, result);
    }

    /// <summary>The state becomes <paramref name="next"/>; the answer is the new state itself.</summary>
    public static Change<TState, TState> To<TState>(TState next, params DomainEvent[] events)
        where TState : AggregateState => new(next, next, events);

    /// <summary>Nothing changes; the answer is the state itself.</summary>
    public static Change<TState, TState> Keep<TState>(TState state)
        where TState : AggregateState => new(null, state);
}
