using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Tidegate.Tests.Cluster.Grains;

/// <summary>Keeps what the scheduler says of turns over its warning threshold: the silo's own measure of how long a turn was.</summary>
public sealed class TurnRecorder : ILoggerProvider, ILogger
{
    private const string Scheduler = "Orleans.Runtime.Scheduler.WorkItemGroup";

    private readonly ConcurrentQueue<(string Grain, TimeSpan Length)> _turns = [];

    /// <summary>The longest turn of a grain so far; zero when none was over the threshold.</summary>
    public TimeSpan LongestOf(string grainKey) =>
        _turns.Where(turn => turn.Grain.Contains(grainKey, StringComparison.Ordinal)).Select(turn => turn.Length).DefaultIfEmpty().Max();

    /// <inheritdoc />
    public ILogger CreateLogger(string categoryName) => categoryName == Scheduler ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

    /// <inheritdoc />
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc />
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    /// <inheritdoc />
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (state is not IReadOnlyList<KeyValuePair<string, object?>> values) return;
        var grain = values.FirstOrDefault(value => value.Key == "GrainContext").Value?.ToString() ?? "";
        var length = values.FirstOrDefault(value => value.Key == "Duration").Value?.ToString();
        if (TimeSpan.TryParse(length, CultureInfo.InvariantCulture, out var time)) _turns.Enqueue((grain, time));
    }

    /// <inheritdoc />
    public void Dispose()
    {
    }
}
