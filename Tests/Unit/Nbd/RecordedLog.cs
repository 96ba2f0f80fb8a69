using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>Keeps what the server logs, to be awaited by content.</summary>
internal sealed class RecordedLog : ILogger<NbdServer>
{
    private readonly ConcurrentQueue<string> _messages = new();
    private readonly SemaphoreSlim _more = new(0);

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        _messages.Enqueue(formatter(state, exception));
        _more.Release();
    }

    /// <summary>Waits for a message that contains the text.</summary>
    public async Task<string> ContainsAsync(string text)
    {
        using var limit = new CancellationTokenSource(Hanging.Limit);
        while (true)
        {
            if (_messages.FirstOrDefault(m => m.Contains(text, StringComparison.Ordinal)) is { } found)
                return found;
            try
            {
                await _more.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"No log message with '{text}' among:\n{string.Join('\n', _messages)}");
            }
        }
    }
}
