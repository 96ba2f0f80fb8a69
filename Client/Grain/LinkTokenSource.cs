using Microsoft.Extensions.Logging;
using Tidegate.Client.Grain.Agents;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Grain;

/// <summary>
/// The link's current token: attached to every call that leaves, renewed at half its life, and again every few seconds
/// when renewing fails (<c>docs/protocols/link.md</c>, token).
/// </summary>
internal sealed partial class LinkTokenSource : IOutgoingGrainCallFilter
{
    private static readonly TimeSpan _retryDelay = TimeSpan.FromSeconds(5);
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private volatile LinkDiscoveryReply _current;

    public LinkTokenSource(LinkDiscoveryReply first, TimeProvider time, ILogger logger)
    {
        _current = first;
        _time = time;
        _logger = logger;
    }

    /// <summary>The token that calls carry now.</summary>
    public string Current => _current.Token.Reveal();

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        // Set inside this asynchronous method, the entry lasts for this call only.
        RequestContext.Set(Caller.TokenKey, Current);
        await context.Invoke();
    }

    /// <summary>Renews until cancelled. Returns when the service refuses the client for good: its link is over.</summary>
    public async Task RenewAsync(Func<CancellationToken, Task<LinkDiscoveryReply>> discover, CancellationToken cancellationToken)
    {
        while (true)
        {
            var remaining = _current.TokenExpiresAt - _time.GetUtcNow();
            await Task.Delay(remaining / 2 > _retryDelay ? remaining / 2 : _retryDelay, _time, cancellationToken);
            try
            {
                _current = await discover(cancellationToken);
            }
            catch (TidegateException error) when (error.Code is ErrorCodes.Unauthenticated or ErrorCodes.Forbidden)
            {
                Refused(_logger, error.Message);
                return;
            }
            catch (TidegateException error)
            {
                Failed(_logger, error.Message, _current.TokenExpiresAt);
            }
        }
    }

    [LoggerMessage(3301, LogLevel.Warning, "The link's token was not renewed ({Reason}); the present one is good until {ExpiresAt:O}. Trying again.")]
    private static partial void Failed(ILogger logger, string reason, DateTimeOffset expiresAt);

    [LoggerMessage(3302, LogLevel.Error, "The service refuses this client: {Reason} The link ends.")]
    private static partial void Refused(ILogger logger, string reason);
}
