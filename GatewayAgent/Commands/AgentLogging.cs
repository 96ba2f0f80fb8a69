using Microsoft.Extensions.Logging.Console;
using Tidegate.GatewayAgent.Support;

namespace Tidegate.GatewayAgent.Commands;

/// <summary>How the agent logs: one line an event on standard error; the journal's format under systemd.</summary>
internal static class AgentLogging
{
    /// <summary>With <paramref name="recent"/> the last lines are kept in memory too.</summary>
    public static void Configure(ILoggingBuilder logging, RecentLog? recent = null)
    {
        logging.SetMinimumLevel(LogLevel.Information);
        // Orleans' client warns at length of every connection that ends; the link's log says it in a line.
        logging.AddFilter("Orleans", LogLevel.Error);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        // A failing start is told once, in words, at the end.
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        if (recent is not null) logging.AddProvider(recent);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
        });
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    public static ILoggerFactory CreateFactory() => LoggerFactory.Create(static logging => Configure(logging));
}
