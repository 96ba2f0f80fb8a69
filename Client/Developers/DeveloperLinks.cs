using Microsoft.Extensions.Logging;
using Tidegate.Grains.Interfaces.Tenants;

namespace Tidegate.Client.Developers;

/// <summary>
/// The connection that calls are made over now. One that was lost is replaced when the next call needs it; one whose certificate has lived half its
/// time is replaced before it ends, and the calls that run on it are left to end there.
/// </summary>
internal sealed partial class DeveloperLinks : IAsyncDisposable
{
    /// <summary>How often an idle connection is used, so that neither the service nor anything in between takes it for dead.</summary>
    private static readonly TimeSpan _ping = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _least = TimeSpan.FromSeconds(1);

    private readonly TidegateClientOptions _options;
    private readonly DeveloperApi _api;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _retiring = [];
    private Task<DeveloperLink> _current;
    private readonly Task _keeping;
    private bool _isDisposed;

    private DeveloperLinks(TidegateClientOptions options, DeveloperApi api, DeveloperLink first)
    {
        (_options, _api, _current) = (options, api, Task.FromResult(first));
        _logger = options.LoggerFactory.CreateLogger("Tidegate.Client");
        _keeping = KeepAsync();
    }

    /// <summary>Connects for the first time.</summary>
    public static async Task<DeveloperLinks> ConnectAsync(TidegateClientOptions options, CancellationToken cancellationToken)
    {
        var api = new DeveloperApi(options);
        try
        {
            return new DeveloperLinks(options, api, await DeveloperLink.ConnectAsync(api, options, cancellationToken));
        }
        catch
        {
            api.Dispose();
            throw;
        }
    }

    /// <summary>A connection for a call, which gives it back with <see cref="DeveloperLink.Release"/>. Throws as connecting does.</summary>
    public async Task<DeveloperLink> LeaseAsync()
    {
        while (true)
        {
            Task<DeveloperLink> current;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_isDisposed, typeof(TidegateClient));
                if (_current.IsCompleted && !(_current.IsCompletedSuccessfully && !_current.Result.Lost.IsCompleted))
                {
                    if (_current.IsCompletedSuccessfully) Retire(_current.Result);
                    _current = DeveloperLink.ConnectAsync(_api, _options, _stopping.Token);
                }

                current = _current;
            }

            var link = await current;
            if (link.TryLease()) return link;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task<DeveloperLink> current;
        lock (_gate)
        {
            if (_isDisposed) return;
            (_isDisposed, current) = (true, _current);
        }

        await _stopping.CancelAsync();
        await _keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ((Task)current).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (current.IsCompletedSuccessfully) await current.Result.DisposeAsync();
        await Task.WhenAll(_retiring);
        _api.Dispose();
        _stopping.Dispose();
    }

    private async Task KeepAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            DeveloperLink? link;
            lock (_gate) link = _current.IsCompletedSuccessfully ? _current.Result : null;
            var untilRenewal = link is null ? _ping : link.RenewAt - _options.TimeProvider.GetUtcNow();
            var wait = untilRenewal > _ping ? _ping : untilRenewal < _least ? _least : untilRenewal;
            await Task.Delay(wait, _options.TimeProvider, _stopping.Token);
            if (link is null || link.Lost.IsCompleted) continue;
            if (link.RenewAt <= _options.TimeProvider.GetUtcNow()) await RenewAsync(link);
            else await PingAsync(link);
        }
    }

    private async Task RenewAsync(DeveloperLink old)
    {
        try
        {
            var next = await DeveloperLink.ConnectAsync(_api, _options, _stopping.Token);
            lock (_gate)
            {
                // Nobody else replaces a connection that stands; one that was lost meanwhile may have been.
                if (_current.IsCompletedSuccessfully && _current.Result == old) _current = Task.FromResult(next);
                else Retire(next);
                Retire(old);
            }

            Renewed(_logger, next.ExpiresAt);
        }
        catch (Exception failed) when (!_stopping.IsCancellationRequested)
        {
            NotRenewed(_logger, failed.Message, old.ExpiresAt);
        }
    }

    private async Task PingAsync(DeveloperLink link)
    {
        if (!link.TryLease()) return;
        try
        {
            await link.Cluster.GetGrain<ITenantGrain>(link.AccountId).Ping();
        }
        catch (Exception failed)
        {
            // What is wrong, the next call tells whoever makes it.
            NotAnswered(_logger, failed.Message);
        }
        finally
        {
            link.Release();
        }
    }

    /// <summary>Under the gate.</summary>
    private void Retire(DeveloperLink link)
    {
        _retiring.RemoveAll(static over => over.IsCompleted);
        _retiring.Add(RetireAsync());

        async Task RetireAsync()
        {
            await link.RetireAsync(_options.TimeProvider, _stopping.Token);
            Ended(_logger, link.ClientId);
        }
    }

    [LoggerMessage(3321, LogLevel.Information, "The connection was renewed; its certificate is good until {ExpiresAt:O}")]
    private static partial void Renewed(ILogger logger, DateTimeOffset expiresAt);

    [LoggerMessage(3322, LogLevel.Warning, "The connection was not renewed ({Reason}); the present one is good until {ExpiresAt:O}. Trying again.")]
    private static partial void NotRenewed(ILogger logger, string reason, DateTimeOffset expiresAt);

    [LoggerMessage(3324, LogLevel.Information, "The earlier connection {Client} has ended")]
    private static partial void Ended(ILogger logger, string client);

    [LoggerMessage(3323, LogLevel.Information, "The connection does not answer: {Reason}")]
    private static partial void NotAnswered(ILogger logger, string reason);
}
