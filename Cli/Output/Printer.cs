using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;
using Tidegate.Cli.Errors;

namespace Tidegate.Cli.Output;

/// <summary>
/// Writes results to standard output, as a table for people or JSON for programs, and everything else (progress, notes,
/// errors) to standard error, so that output can always be piped.
/// </summary>
internal sealed class Printer
{
    private const int PipeWidth = 240;
    private readonly TextWriter _output;
    private readonly TextWriter _errors;
    private readonly IAnsiConsole _console;

    public Printer(TextWriter output, TextWriter errors, bool asJson, bool isErrorTerminal, bool isOutputTerminal)
    {
        (_output, _errors, AsJson) = (output, errors, asJson);
        _console = CreateConsole(output, isOutputTerminal);
        // Programs get nothing on standard error but an error.
        Progress = new ProgressView(isErrorTerminal && !asJson ? CreateConsole(errors, true) : null, asJson ? TextWriter.Null : errors);
        IsInteractive = isErrorTerminal && isOutputTerminal && !asJson;
    }

    public bool AsJson { get; }

    /// <summary>True when a person can be asked.</summary>
    public bool IsInteractive { get; }

    /// <summary>Where long work shows itself.</summary>
    public ProgressView Progress { get; }

    /// <summary>One thing: JSON object, or names and values.</summary>
    public void One<T>(T value, JsonTypeInfo<T> type, params (string Name, string? Value)[] facts)
    {
        if (AsJson)
        {
            _output.WriteLine(JsonSerializer.Serialize(value, type));
            return;
        }
        Facts(facts);
    }

    /// <summary>Names and values of what is there; people only.</summary>
    public void Facts(params (string Name, string? Value)[] facts)
    {
        if (AsJson) return;
        var grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(3)).AddColumn(new GridColumn());
        foreach (var (name, value) in facts)
        {
            if (!string.IsNullOrEmpty(value)) grid.AddRow($"[grey]{name.EscapeMarkup()}[/]", value.EscapeMarkup());
        }
        _console.Write(grid);
    }

    /// <summary>Many things: JSON array, or a table.</summary>
    public void Many<T>(IReadOnlyList<T> values, JsonTypeInfo<IReadOnlyList<T>> type, string none, string[] columns, Func<T, string[]> row)
    {
        if (AsJson) _output.WriteLine(JsonSerializer.Serialize(values, type));
        else if (values.Count == 0) Note(none);
        else Table(columns, values.Select(row));
    }

    /// <summary>A table; people only.</summary>
    public void Table(string[] columns, IEnumerable<string[]> rows)
    {
        if (AsJson) return;
        var table = new Table { Border = TableBorder.Rounded };
        foreach (var column in columns) table.AddColumn(new TableColumn($"[bold]{column.EscapeMarkup()}[/]"));
        foreach (var row in rows) table.AddRow([.. row.Select(c => c.EscapeMarkup())]);
        _console.Write(table);
    }

    /// <summary>Something a person wants to know and no program does.</summary>
    public void Note(string text)
    {
        if (!AsJson) _errors.WriteLine(text);
    }

    /// <summary>Asks a person; without one the answer is yes, for the command line said what to do.</summary>
    public bool Confirm(string question) => !IsInteractive || new ConfirmationPrompt(question.EscapeMarkup()) { DefaultValue = false }.Show(_console);

    /// <summary>What happened, to what, and what to do next.</summary>
    public void Error(string code, string message, string? nextStep)
    {
        if (AsJson)
        {
            _errors.WriteLine(JsonSerializer.Serialize(new ErrorView(code, message, nextStep), CliJson.Default.ErrorView));
            return;
        }
        _errors.WriteLine($"tidegate: {message} [{code}]");
        if (!string.IsNullOrEmpty(nextStep)) _errors.WriteLine($"  {nextStep}");
    }

    public static string Time(DateTimeOffset? at) => at is { } time ? time.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture) : "";

    public static string Age(double seconds) => seconds switch
    {
        < 1 => "under 1 s",
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        < 172800 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86400:0} days"),
    };

    public static string Word<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static IAnsiConsole CreateConsole(TextWriter writer, bool isTerminal)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!isTerminal) console.Profile.Width = PipeWidth;
        return console;
    }
}
