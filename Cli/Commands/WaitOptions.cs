using System.CommandLine;

namespace Tidegate.Cli.Commands;

/// <summary><c>--wait</c> and <c>--timeout</c> of one command.</summary>
internal sealed class WaitOptions
{
    private readonly Option<bool> _wait;
    private readonly Option<int> _timeout = new("--timeout")
    {
        Description = "With --wait: seconds to wait at most; the work goes on afterwards",
        HelpName = "SECONDS",
        DefaultValueFactory = static _ => 3600,
    };

    public WaitOptions(Command command, string waitsFor)
    {
        _wait = new Option<bool>("--wait") { Description = "Return only when " + waitsFor };
        _timeout.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 604800) result.AddError("--timeout must be 1 to 604800 seconds");
        });
        command.Options.Add(_wait);
        command.Options.Add(_timeout);
    }

    /// <summary>How long to wait; null when nobody asked to.</summary>
    public TimeSpan? Read(ParseResult parsed) => parsed.GetValue(_wait) ? TimeSpan.FromSeconds(parsed.GetValue(_timeout)) : null;
}
