using System.CommandLine;
using System.Globalization;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Commands;

/// <summary><c>--at TIME</c> and <c>--sequence N</c>: which recovery point of a volume is meant.</summary>
internal sealed class PointOptions
{
    private readonly Option<string?> _at = new("--at")
    {
        Description = "The newest recovery point at or before this time, for example 2026-01-31T17:30:00Z; UTC where no offset is given",
        HelpName = "TIME",
    };

    private readonly Option<long?> _sequence = new("--sequence") { Description = "The recovery point of this sequence (tidegate points list)", HelpName = "N" };

    public PointOptions(Command command)
    {
        command.Options.Add(_at);
        command.Options.Add(_sequence);
    }

    /// <summary>The point that is named, or null when none is. Throws <c>InvalidArgument</c> for a time that is none, or for both options.</summary>
    public RecoveryPointRequest? Read(ParseResult parsed)
    {
        var (at, sequence) = (parsed.GetValue(_at), parsed.GetValue(_sequence));
        if (at is null && sequence is null) return null;
        if (at is not null && sequence is not null)
            throw new TidegateException(ErrorCodes.InvalidArgument, "--at and --sequence both name a recovery point.", "Give one of the two.");
        if (at is null) return new RecoveryPointRequest(Sequence: sequence);
        return DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? new RecoveryPointRequest(At: time)
            : throw new TidegateException(ErrorCodes.InvalidArgument, $"'{at}' is no time.", "Give one like 2026-01-31T17:30:00Z.");
    }
}
