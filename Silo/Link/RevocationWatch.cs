using Orleans.Providers;

namespace Tidegate.Silo.Link;

/// <summary>
/// Keeps this silo's revocation table current: one read of the state store every second, and one at once when another silo
/// says that there is something new. Ends the links and running enumerations of what it finds revoked or expired (M3.8, I9).
/// </summary>
internal sealed partial class RevocationWatch(
    IRevocationStore store, RevocationTable table, LinkConnections connections, EnumerationOwners enumerations, IGrainFactory grains,
    TimeProvider time, ILogger<RevocationWatch> logger) : BackgroundService, IControllable
{
    /// <summary>Name by which other silos' pushes find it.</summary>
    public const string Name = "tidegate.revocations";

    private const int PageRows = 1000;
    private static readonly TimeSpan _period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _readLimit = TimeSpan.FromSeconds(3);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private bool _isAway;

    /// <summary>Another silo has revoked something: look now. Completes when it is in force here.</summary>
    public async Task<object?> ExecuteCommand(int command, object? arg)
    {
        await PullAsync(CancellationToken.None);
        return null;
    }

    public override void Dispose()
    {
        base.Dispose();
        _turn.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_period, time);
        do
        {
            await PullAsync(stoppingToken);
            EndExpired();
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task PullAsync(CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            using var limit = new CancellationTokenSource(_readLimit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stop);
            var begun = table.Begin();
            IReadOnlyList<Revocation> page;
            do
            {
                page = await store.ReadAfterAsync(table.Position, PageRows, either.Token);
                foreach (var thumbprint in table.Take(page)) End(thumbprint);
            }
            while (page.Count == PageRows);
            table.Confirm(begun);
            table.Trim();
            if (_isAway) Back(logger);
            _isAway = false;
        }
        catch (Exception failure) when (!stop.IsCancellationRequested)
        {
            // Said once an outage, not every second of it.
            if (!_isAway) Away(logger, failure.Message);
            _isAway = true;
        }
        finally
        {
            _turn.Release();
        }
    }

    private void End(string thumbprint)
    {
        var closed = connections.CloseCertificate(thumbprint, "its certificate was revoked") + connections.CloseSubject(thumbprint, "its API key was revoked");
        var ended = End(enumerations.OwnedBy(thumbprint));
        if (closed + ended > 0) Revoked(logger, thumbprint, closed, ended);
    }

    private int End(IReadOnlyList<(IGrainContext Activation, Guid Enumeration)> running)
    {
        foreach (var (activation, enumeration) in running)
        {
            enumerations.End(activation, enumeration);
            _ = DisposeAsync(activation, enumeration);
        }

        return running.Count;
    }

    private async Task DisposeAsync(IGrainContext activation, Guid enumeration)
    {
        try
        {
            await grains.GetGrain(activation.GrainId).AsReference<IAsyncEnumerableGrainExtension>().DisposeAsync(enumeration);
        }
        catch (Exception failure)
        {
            // The activation has ended, and its enumerations with it; or Orleans drops it, as of any client that is gone.
            NotEnded(logger, activation.GrainId, failure.Message);
        }
    }

    /// <summary>TLS judged the certificate when the connection began; it may have expired since.</summary>
    private void EndExpired()
    {
        var now = time.GetUtcNow();
        foreach (var identity in connections.Identities())
        {
            if (identity.ExpiresAt > now) continue;
            var closed = connections.CloseCertificate(identity.Thumbprint, "its certificate has expired");
            Expired(logger, identity.Subject, closed);
        }

        End(enumerations.Expired(now));
    }

    [LoggerMessage(3004, LogLevel.Information, "Certificate {Thumbprint} was revoked: closed {Links} links and ended {Enumerations} streaming calls")]
    private static partial void Revoked(ILogger logger, string thumbprint, int links, int enumerations);

    [LoggerMessage(3005, LogLevel.Error, "Revocations cannot be read from the state store; agents are refused from four seconds on: {Reason}")]
    private static partial void Away(ILogger logger, string reason);

    [LoggerMessage(3006, LogLevel.Information, "Revocations are read again; agents are served")]
    private static partial void Back(ILogger logger);

    [LoggerMessage(3007, LogLevel.Information, "Closed {Count} links of {Subject}: its certificate has expired")]
    private static partial void Expired(ILogger logger, string subject, int count);

    [LoggerMessage(3008, LogLevel.Information, "A streaming call of a revoked certificate on {Grain} was not ended: {Reason}")]
    private static partial void NotEnded(ILogger logger, GrainId grain, string reason);
}
