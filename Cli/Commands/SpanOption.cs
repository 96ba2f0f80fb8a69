using System.CommandLine;
using System.Globalization;

namespace Tidegate.Cli.Commands;

/// <summary>An option whose value is a span of time.</summary>
internal static class SpanOption
{
    // A number alone would be days, which hardly anybody means.
    public static Option<TimeSpan?> Create(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SPAN",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var span)) return span;
            result.AddError($"'{text}' is no span of time for {name}: give [days.]hours:minutes:seconds, for example 7.00:00:00.");
            return null;
        },
    };

    /// <summary>Its value in seconds; null when it was not given.</summary>
    public static long? Seconds(TimeSpan? span) => span is { } known ? (long)known.TotalSeconds : null;
}
