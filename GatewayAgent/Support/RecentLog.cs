namespace Tidegate.GatewayAgent.Support;

/// <summary>
/// Keeps the last log lines in memory for the support bundle, whether or not there is a journal. Bounded: <see cref="Kept"/> lines of at most
/// <see cref="MaxLineChars"/> characters. Thread-safe.
/// </summary>
internal sealed class RecentLog(TimeProvider time) : ILoggerProvider
{
    /// <summary>Lines kept.</summary>
    public const int Kept = 2000;

    /// <summary>Longer ones are cut.</summary>
    public const int MaxLineChars = 2000;

    private readonly Lock _gate = new();
    private readonly Queue<string> _lines = new();

    /// <summary>The lines, oldest first, without secrets.</summary>
    public IReadOnlyList<string> Read()
    {
        List<string> lines;
        lock (_gate) lines = [.. _lines];
        return [.. lines.Select(SecretRedactor.Redact)];
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
        // Nothing is open.
    }

    private void Add(LogLevel level, string category, EventId id, string message, Exception? fault)
    {
        var line = $"{time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {level} {category}[{id.Id}] {message}{(fault is null ? "" : " " + fault)}".ReplaceLineEndings(" ");
        if (line.Length > MaxLineChars) line = line[..MaxLineChars];
        lock (_gate)
        {
            if (_lines.Count >= Kept) _lines.Dequeue();
            _lines.Enqueue(line);
        }
    }

    private sealed class Logger(RecentLog owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            owner.Add(logLevel, category, eventId, formatter(state, exception), exception);
    }
}
