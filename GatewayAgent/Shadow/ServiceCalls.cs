using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// Calls that are repeated until the service answers: transient failures and time-outs back off and never reach the caller
/// (<c>docs/protocols/volume-data.md</c>, Errors). Only for calls that repeating does not harm.
/// </summary>
internal sealed class ServiceCalls(TimeProvider time, ShadowOptions options, Action<string> failed)
{
    /// <summary>Returns the first answer; throws any error that repeating cannot cure, or when cancelled.</summary>
    public Task UntilAnsweredAsync(Func<CancellationToken, Task> call, CancellationToken cancellationToken) => UntilAnsweredAsync(
        async stop =>
        {
            await call(stop);
            return true;
        },
        cancellationToken);

    /// <summary>As above, for a call with a result.</summary>
    public async Task<T> UntilAnsweredAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        var delay = NewDelay();
        while (true)
        {
            using var limit = new CancellationTokenSource(options.CallTimeout, time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            try
            {
                // The time limit holds even for a call that does not listen.
                return await call(stop.Token).WaitAsync(options.CallTimeout, time, cancellationToken);
            }
            catch (Exception error) when (IsTransient(error) && !cancellationToken.IsCancellationRequested)
            {
                failed(error is TidegateException ? error.Message : $"{error.GetType().Name}: {error.Message}");
            }
            await Task.Delay(delay.Next(), time, cancellationToken);
        }
    }

    public RetryDelay NewDelay() => new(options.FirstDelay, options.LongestDelay, options.Jitter);

    /// <summary>True when the same call may succeed later: the service is away, slow, or being restarted.</summary>
    private static bool IsTransient(Exception error) => error switch
    {
        TidegateException known => known.IsTransient,
        TimeoutException or OperationCanceledException => true,
        _ => false,
    };
}
