using System.Globalization;
using Spectre.Console;

namespace Tidegate.Cli.Output;

/// <summary>Shows long work: a bar on a terminal, otherwise a line whenever a tenth is done or the words change.</summary>
internal sealed class ProgressView(IAnsiConsole? terminal, TextWriter errors)
{
    /// <summary>Runs the work, which reports its share done (0 to 1) and what it is at.</summary>
    public async Task<T> RunAsync<T>(string title, Func<Action<double, string>, Task<T>> work)
    {
        if (terminal is not null)
        {
            return await terminal.Progress()
                .AutoClear(true)
                .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
                .StartAsync(async context =>
                {
                    var bar = context.AddTask(title.EscapeMarkup(), maxValue: 1);
                    return await work((share, words) =>
                    {
                        bar.Value = Math.Clamp(share, 0, 1);
                        bar.Description = $"{title}: {words}".EscapeMarkup();
                    });
                });
        }
        var (lastTenth, lastWords) = (-1, "");
        return await work((share, words) =>
        {
            var tenth = (int)(Math.Clamp(share, 0, 1) * 10);
            if (tenth == lastTenth && words == lastWords) return;
            (lastTenth, lastWords) = (tenth, words);
            errors.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{title}: {words}, {tenth * 10}%"));
        });
    }
}
