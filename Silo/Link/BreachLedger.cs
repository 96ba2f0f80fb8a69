using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.Silo.Link;

/// <summary>
/// Which breaches are written to the audit when (<c>docs/protocols/link.md</c>, Breaches): a gateway's first at once, then at most one
/// record an interval that counts the others, so that a hostile agent cannot flood the state store. Pure; not thread-safe.
/// </summary>
internal sealed class BreachLedger
{
    /// <summary>Least time between two records of one gateway from one silo.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Gateways remembered at once; a breach of one more is in the log alone.</summary>
    public const int MaxGateways = 4096;

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>Takes a breach; a record to write now, or null.</summary>
    public LinkBreaches? Note(string gatewayId, LinkBreaches breach, DateTimeOffset now)
    {
        if (!_entries.TryGetValue(gatewayId, out var entry))
        {
            if (_entries.Count < MaxGateways) _entries.Add(gatewayId, new Entry(now + Interval, null));
            return _entries.ContainsKey(gatewayId) ? breach : null;
        }

        _entries[gatewayId] = entry with { Waiting = Sum(entry.Waiting, breach) };
        return null;
    }

    /// <summary>The records that are due; gateways without one are forgotten.</summary>
    public IReadOnlyList<(string GatewayId, LinkBreaches Breaches)> Due(DateTimeOffset now)
    {
        var due = new List<(string, LinkBreaches)>();
        foreach (var (gatewayId, entry) in _entries.Where(known => known.Value.DueAt <= now).ToArray())
        {
            if (entry.Waiting is { } waiting)
            {
                due.Add((gatewayId, waiting));
                _entries[gatewayId] = new Entry(now + Interval, null);
            }
            else
            {
                _entries.Remove(gatewayId);
            }
        }

        return due;
    }

    /// <summary>A record could not be written: it waits for the gateway's next turn, with what has come since.</summary>
    public void GiveBack(string gatewayId, LinkBreaches breaches, DateTimeOffset now)
    {
        var entry = _entries.GetValueOrDefault(gatewayId, new Entry(now + Interval, null));
        if (_entries.Count < MaxGateways || _entries.ContainsKey(gatewayId)) _entries[gatewayId] = entry with { Waiting = Sum(breaches, entry.Waiting) };
    }

    private static LinkBreaches? Sum(LinkBreaches? earlier, LinkBreaches? later) => (earlier, later) switch
    {
        (null, _) => later,
        (_, null) => earlier,
        _ => later with { Count = earlier.Count + later.Count, Since = earlier.Since },
    };

    private sealed record Entry(DateTimeOffset DueAt, LinkBreaches? Waiting);
}
