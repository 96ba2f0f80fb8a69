using System.Collections.Immutable;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Grains.Gateways;

/// <summary>
/// Requests of the last minutes, by id (M1.9). Pure and in memory: nothing is queued for an agent that is not there.
/// Invariants: at most <see cref="MaxEntries"/>; the first final report of a request stands; whoever is waited for is not dropped.
/// </summary>
internal sealed record RequestTable(ImmutableDictionary<string, RequestEntry> Entries)
{
    /// <summary>Most requests remembered.</summary>
    public const int MaxEntries = 64;

    /// <summary>How long an outcome is kept for a caller that asks again.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(5);

    /// <summary>No requests.</summary>
    public static readonly RequestTable Empty = new(ImmutableDictionary<string, RequestEntry>.Empty);

    /// <summary>
    /// Starts a request, or finds the one with its id. One that failed starts again: what was in its way may be gone. The id of another operation
    /// is refused, and so is one more while as many as the table holds are waited for; those that are over go first, the oldest before others.
    /// </summary>
    public (RequestTable Table, RequestEntry Entry, bool IsNew) Start(string requestId, string operation, TimeSpan timeout, DateTimeOffset now)
    {
        var kept = Forget(now);
        if (kept.Entries.TryGetValue(requestId, out var known))
        {
            if (known.Operation != operation)
                throw new TidegateException(ErrorCodes.InvalidArgument, "The request id was used for another request.", "Use a fresh request id.");
            if (known.Outcome is not { ErrorCode.Length: > 0 }) return (kept, known, false);
            kept = kept.Drop(requestId);
        }

        if (kept.Entries.Count >= MaxEntries)
        {
            var over = kept.Entries.Values.Where(other => other.Outcome is not null || other.Deadline <= now).MinBy(other => other.ForgetAt)
                ?? throw new TidegateException(ErrorCodes.RateLimited, $"{MaxEntries} requests wait for the gateway's answer.", "Try again when some have ended.");
            kept = kept.Drop(over.RequestId);
        }

        var entry = new RequestEntry(requestId, operation, now + timeout, now + timeout + Remembered, 0, null);
        return (new RequestTable(kept.Entries.Add(requestId, entry)), entry, true);
    }

    /// <summary>Takes a report; one about an unknown or finished request changes nothing.</summary>
    public RequestTable Report(RequestReport report)
    {
        if (!Entries.TryGetValue(report.RequestId, out var entry) || entry.Outcome is not null) return this;
        var progress = Math.Clamp(double.IsNaN(report.Progress) ? 0 : report.Progress, entry.Progress, 1);
        return new RequestTable(Entries.SetItem(entry.RequestId, entry with { Progress = progress, Outcome = report.IsFinal ? report : null }));
    }

    /// <summary>Drops a request that the agent refused or that never reached it, so that its id may be tried again.</summary>
    public RequestTable Drop(string requestId) => new(Entries.Remove(requestId));

    /// <summary>Drops what is past its time.</summary>
    public RequestTable Forget(DateTimeOffset now)
    {
        var over = Entries.Values.Where(entry => entry.ForgetAt <= now).Select(entry => entry.RequestId).ToArray();
        return over.Length == 0 ? this : new RequestTable(Entries.RemoveRange(over));
    }
}
