using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Identity;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.GatewayAgent.Link;

/// <summary>
/// The requests that this agent has taken over, one durable file each under <c>requests/</c>, so that a repeated delivery
/// does the work once and answers the same, over restarts too (M1.9). Bounded; thread-safe.
/// </summary>
/// <remarks>
/// A damaged file stands for a request that was never answered: it is dropped, and a repeated delivery runs again, which is harmless. So a
/// full disk keeps nobody from managing the gateway: what does not fit is remembered until the next restart.
/// </remarks>
internal sealed partial class RequestJournal
{
    /// <summary>Requests kept at most.</summary>
    public const int Capacity = 512;
    /// <summary>Reported requests are kept this long for repeated deliveries.</summary>
    public static readonly TimeSpan KeepReported = TimeSpan.FromHours(1);
    /// <summary>Nobody waits for a request after this, answered or not.</summary>
    public static readonly TimeSpan KeepAny = TimeSpan.FromHours(24);

    private readonly Lock _lock = new();
    private readonly IDisk _disk;
    private readonly TimeProvider _time;
    private readonly ILogger<RequestJournal> _logger;
    private readonly Dictionary<string, StoredRequest> _requests = new(StringComparer.Ordinal);

    public RequestJournal(IDisk disk, TimeProvider time, ILogger<RequestJournal> logger)
    {
        (_disk, _time, _logger) = (disk, time, logger);
        foreach (var name in disk.List().Where(n => n.EndsWith(".json", StringComparison.Ordinal)))
        {
            if (TryRead(name, out var request)) _requests[request.RequestId] = request;
            else
            {
                LogDropped(logger, name);
                disk.Delete(name);
            }
        }
    }

    /// <summary>The request, if it was taken over and is still kept.</summary>
    public StoredRequest? Find(string requestId)
    {
        lock (_lock) return _requests.GetValueOrDefault(requestId);
    }

    /// <summary>Answered and not yet reported, oldest first.</summary>
    public IReadOnlyList<StoredRequest> Unreported()
    {
        lock (_lock) return [.. _requests.Values.Where(r => r is { Outcome: not null, IsReported: false }).OrderBy(r => r.ReceivedAt)];
    }

    /// <summary>Records the request; durable when it returns, unless the disk is full. Throws <c>LimitExceeded</c> when too many are unanswered.</summary>
    public StoredRequest Record(string requestId, string kind)
    {
        lock (_lock)
        {
            if (_requests.TryGetValue(requestId, out var known)) return known;
            Prune();
            if (_requests.Count >= Capacity)
                throw new TidegateException(ErrorCodes.LimitExceeded, $"{Capacity} requests wait at this gateway.", "Try again when some have ended.");
            return Save(new StoredRequest(requestId, kind, _time.GetUtcNow(), null, false));
        }
    }

    /// <summary>Records how the request ended; durable when it returns, unless the disk is full.</summary>
    public void Finish(string requestId, StoredOutcome outcome)
    {
        lock (_lock)
        {
            if (_requests.TryGetValue(requestId, out var request)) Save(request with { Outcome = outcome, IsReported = false });
        }
    }

    /// <summary>The service has taken the report of this outcome; a later one of the same request is still to be reported.</summary>
    public void MarkReported(string requestId, StoredOutcome outcome)
    {
        lock (_lock)
        {
            if (_requests.TryGetValue(requestId, out var request) && ReferenceEquals(request.Outcome, outcome)) Save(request with { IsReported = true });
        }
    }

    /// <summary>A repeated delivery wants the outcome once more. Not durable: whoever misses it delivers again.</summary>
    public void ReportAgain(string requestId)
    {
        lock (_lock)
        {
            if (_requests.TryGetValue(requestId, out var request)) _requests[requestId] = request with { IsReported = false };
        }
    }

    private StoredRequest Save(StoredRequest request)
    {
        try
        {
            AtomicFile.Replace(_disk, FileOf(request.RequestId), JsonSerializer.SerializeToUtf8Bytes(request, RequestJson.Default.StoredRequest));
        }
        catch (DiskFaultException full) when (DeviceFaults.IsNoSpace(full))
        {
            LogNotKept(_logger, full, request.RequestId);
        }

        return _requests[request.RequestId] = request;
    }

    private void Prune()
    {
        var now = _time.GetUtcNow();
        var old = _requests.Values.Where(r => now - r.ReceivedAt > (r.IsReported ? KeepReported : KeepAny));
        // Under pressure the oldest answered and reported ones go before their time.
        var pressed = _requests.Values.Where(r => r.IsReported).OrderBy(r => r.ReceivedAt).Take(Math.Max(0, _requests.Count + 1 - Capacity));
        foreach (var request in old.Concat(pressed).Distinct().ToList())
        {
            _disk.Delete(FileOf(request.RequestId));
            _requests.Remove(request.RequestId);
        }
    }

    private bool TryRead(string name, [NotNullWhen(true)] out StoredRequest? request)
    {
        request = null;
        try
        {
            request = JsonSerializer.Deserialize(AtomicFile.Read(_disk, name), RequestJson.Default.StoredRequest);
            return request is { RequestId: not null } && FileOf(request.RequestId) == name;
        }
        catch (Exception error) when (error is JsonException or InvalidDataException)
        {
            return false;
        }
    }

    /// <summary>Request ids are the service's words: hashed, they are plain file names whatever they hold.</summary>
    private static string FileOf(string requestId) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(requestId))) + ".json";

    [LoggerMessage(2102, LogLevel.Warning, "The disk is full: request {RequestId} is remembered until the agent restarts")]
    private static partial void LogNotKept(ILogger logger, Exception full, string requestId);
    [LoggerMessage(2101, LogLevel.Warning, "Dropped the damaged request file {Name}; if it is delivered again it runs again")]
    private static partial void LogDropped(ILogger logger, string name);
}
