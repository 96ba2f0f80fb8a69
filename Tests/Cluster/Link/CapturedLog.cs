using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>What the link reported, by event id, for tests to wait on and look at.</summary>
internal sealed class CapturedLog : ILoggerProvider
{
    private readonly ConcurrentQueue<(int Id, string Text)> _entries = new();
    private volatile TaskCompletionSource _changed = New();

    public IEnumerable<string> Texts(int eventId) => _entries.Where(entry => entry.Id == eventId).Select(entry => entry.Text);

    /// <summary>Everything of warning level and above, for a test's failure message.</summary>
    public string All => string.Join('\n', _entries.Select(entry => $"{entry.Id} {entry.Text}"));

    /// <summary>Waits until an entry of the event contains the text.</summary>
    public Task SeenAsync(int eventId, string part) => CountedAsync(eventId, part, 1);

    /// <summary>Waits until so many entries of the event contain the text.</summary>
    public async Task CountedAsync(int eventId, string part, int count)
    {
        while (true)
        {
            var changed = _changed.Task;
            if (Texts(eventId).Count(text => text.Contains(part, StringComparison.Ordinal)) >= count) return;
            try
            {
                await changed.OrHungAsync();
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"Not {count} entries {eventId} with '{part}'. The log:\n{All}");
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => new Writer(this, categoryName);

    public void Dispose()
    {
    }

    private void Add(int id, string text)
    {
        _entries.Enqueue((id, text));
        Interlocked.Exchange(ref _changed, New()).TrySetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class Writer(CapturedLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning || category.StartsWith("Tidegate", StringComparison.Ordinal);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) log.Add(eventId.Id, $"{formatter(state, exception)} {exception?.Message}");
        }
    }
}
