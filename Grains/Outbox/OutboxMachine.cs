using System.Text.Json;
using System.Text.Json.Serialization;
using Tidegate.Grains.Interfaces.Audit;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Grains.Outbox;

/// <summary>
/// Appends numbered, hash-chained entries to an aggregate's outbox (<c>docs/formats/audit.md</c>). Pure.
/// Invariants: numbers are contiguous; pending entries are the newest ones; their count is bounded, so that a reader that
/// is down for long stops changes (<c>Unavailable</c>) rather than growing the state.
/// </summary>
internal static class OutboxMachine
{
    /// <summary>Most entries kept for readers that have not taken them.</summary>
    public const int MaxPending = 12;

    /// <summary>Longest body of one entry, in characters.</summary>
    public const int MaxJsonLength = 2048;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Appends the events, all at the same time by the same actor. <paramref name="publishedThrough"/> lets published entries go.</summary>
    public static OutboxState Append(
        OutboxState state, IReadOnlyList<DomainEvent> events, object? row, OutboxOrigin origin, long publishedThrough)
    {
        var pending = state.Pending.Where(entry => entry.Number > publishedThrough).ToList();
        if (events.Count == 0) return pending.Count == state.Pending.Length ? state : state with { Pending = [.. pending] };
        if (pending.Count + events.Count > MaxPending)
        {
            throw new TidegateException(
                ErrorCodes.Unavailable,
                $"The audit log has not taken the last {pending.Count} changes of {origin.Aggregate}, so nothing more may change.",
                "Try again when the audit log and the projection are reachable.");
        }

        var (number, hash) = (state.LastNumber, state.LastHash);
        foreach (var happened in events)
        {
            var body = JsonSerializer.Serialize(new { change = happened.Change, row }, Json);
            if (body.Length > MaxJsonLength) throw new InvalidOperationException($"The body of {happened.Kind} is {body.Length} characters long; the limit is {MaxJsonLength}.");
            var entry = new OutboxEntry(++number, origin.Aggregate, origin.AccountId, happened.Kind, AuditEncoding.Truncate(origin.At), origin.ActorId, body, hash, []);
            hash = AuditHash.Compute(entry);
            pending.Add(entry with { Hash = hash });
        }

        return new OutboxState { LastNumber = number, LastHash = hash, Pending = [.. pending] };
    }
}
