using System.Diagnostics.Metrics;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Link;

/// <summary>
/// Takes breaches of the link to the audit chains of the gateways and API keys whose certificates they came with (<c>docs/formats/audit.md</c>),
/// at the ledger's pace and never in the way of whoever reports one: closing the connection does not wait for a database.
/// </summary>
internal sealed partial class BreachAudit : BackgroundService
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Tidegate.Link";

    private static readonly TimeSpan _look = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly BreachLedger _ledger = new();
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILogger<BreachAudit> _logger;
    private readonly Counter<long> _breaches;

    public BreachAudit(IGrainFactory grains, TimeProvider time, IMeterFactory meters, ILogger<BreachAudit> logger)
    {
        (_grains, _time, _logger) = (grains, time, logger);
        _breaches = meters.Create(MeterName).CreateCounter<long>(
            "tidegate.link.breaches", "{breach}", "Rules of the link that clients broke, by the layer that noticed.");
    }

    /// <summary>Counts a breach from somebody whose certificate is not known.</summary>
    public void Count(BreachLayer layer) => _breaches.Add(1, new KeyValuePair<string, object?>("layer", Name(layer)));

    /// <summary>Counts a breach and sees to its audit. Returns at once.</summary>
    public void Report(string subjectId, BreachLayer layer, string rule, string remote, string clientId)
    {
        Count(layer);
        var now = _time.GetUtcNow();
        var breach = new LinkBreaches(Name(layer), Bounded(rule), 1, now, now, Bounded(remote), Bounded(clientId));
        LinkBreaches? write;
        lock (_gate) write = _ledger.Note(subjectId, breach, now);
        if (write is not null) _ = Task.Run(() => WriteAsync(subjectId, write));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_look, _time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            IReadOnlyList<(string SubjectId, LinkBreaches Breaches)> due;
            lock (_gate) due = _ledger.Due(_time.GetUtcNow());
            foreach (var (subjectId, breaches) in due) await WriteAsync(subjectId, breaches);
        }
    }

    private async Task WriteAsync(string subjectId, LinkBreaches breaches)
    {
        try
        {
            // The client is the actor: what it did is recorded, though the service does the recording.
            RequestContext.Set(Caller.ContextKey, new Caller(Role.None, "", "", subjectId));
            if (ResourceId.IsValid(ResourceKind.ApiKey, subjectId)) await _grains.GetGrain<IApiKeyGrain>(subjectId).RecordBreaches(breaches);
            else await _grains.GetGrain<IGatewayGrain>(subjectId).RecordBreaches(breaches);
        }
        catch (Exception failure)
        {
            lock (_gate) _ledger.GiveBack(subjectId, breaches, _time.GetUtcNow());
            NotWritten(_logger, subjectId, breaches.Count, failure.Message);
        }
    }

    /// <summary>What a client wrote is quoted in rules: cut, and without anything that could pass for a line of a log.</summary>
    internal static string Bounded(string text) =>
        string.Create(Math.Min(text.Length, LinkBreaches.MaxTextLength), text, static (span, source) =>
        {
            for (var at = 0; at < span.Length; at++) span[at] = source[at] is >= ' ' and < (char)0x7F ? source[at] : '?';
        });

    private static string Name(BreachLayer layer) => layer switch
    {
        BreachLayer.Port => "port",
        BreachLayer.Frame => "frame",
        _ => "call",
    };

    [LoggerMessage(3010, LogLevel.Warning, "{Count} breaches of {Subject} are not in its audit yet; they will be offered again: {Reason}")]
    private static partial void NotWritten(ILogger logger, string subject, long count, string reason);
}
