using System.Buffers.Text;
using System.CommandLine;
using System.Security.Cryptography;
using Spectre.Console;
using Tidegate.Cli.Output;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Commands;

/// <summary>Where a password comes from: a person, a file, standard input, or the random generator; never the command line itself, which others can see.</summary>
internal sealed class PasswordOptions
{
    private const int GeneratedBytes = 18;

    private readonly Option<string?> _file = new("--password-file") { Description = "File that holds the password; - for standard input", HelpName = "FILE" };
    private readonly Option<bool> _generate = new("--generate") { Description = "Draw a password and show it once" };

    public PasswordOptions(Command command)
    {
        command.Options.Add(_file);
        command.Options.Add(_generate);
    }

    /// <summary>The password, and whether it was drawn here.</summary>
    public async Task<(string Password, bool IsGenerated)> ReadAsync(ParseResult parsed, Printer printer, CancellationToken cancellation)
    {
        if (parsed.GetValue(_generate)) return (Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(GeneratedBytes)), true);
        if (parsed.GetValue(_file) is { } file)
        {
            var text = file == "-" ? await Console.In.ReadToEndAsync(cancellation) : await File.ReadAllTextAsync(file, cancellation);
            return (text.TrimEnd('\r', '\n'), false);
        }

        if (!printer.IsInteractive)
            throw new TidegateException(ErrorCodes.InvalidArgument, "No password was given.", "Give --generate, or --password-file FILE (- for standard input).");
        var password = await AskAsync("Password:", cancellation);
        return await AskAsync("Again:", cancellation) == password
            ? (password, false)
            : throw new TidegateException(ErrorCodes.InvalidArgument, "The password was not typed twice alike.", "Run the command again.");
    }

    private static Task<string> AskAsync(string question, CancellationToken cancellation) =>
        new TextPrompt<string>(question).Secret(null).ShowAsync(AnsiConsole.Console, cancellation);
}
