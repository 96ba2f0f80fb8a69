using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Cli.Commands;

/// <summary>How people write bandwidth limits: <c>--upload 10MiB --window "mon-fri 08:00-18:00 upload=2MiB"</c>.</summary>
internal sealed partial class BandwidthOptions
{
    private static readonly string[] Days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

    private readonly Option<string?> _upload = new("--upload") { Description = "Bytes a second for uploads: a size such as 10MiB, 'unlimited', or 0 to pause", HelpName = "RATE" };

    private readonly Option<string?> _download = new("--download")
    {
        Description = "Bytes a second for restoring in the background; what a host waits for is never held back",
        HelpName = "RATE",
    };

    private readonly Option<string?> _zone = new("--time-zone")
    {
        Description = "What windows go by: an IANA zone or an offset such as +02:00 (default: the gateway's zone)",
        HelpName = "ZONE",
    };

    private readonly Option<string[]> _windows = new("--window")
    {
        Description = "Other rates in a part of the week, for example \"mon-fri 08:00-18:00 upload=2MiB download=0\"; a rate that it leaves out is the one "
            + "outside. May be given several times, takes the place of all windows before; the first that fits counts",
        HelpName = "WINDOW",
    };

    private readonly Option<bool> _noWindows = new("--no-windows") { Description = "Take all windows away" };

    public BandwidthOptions(Command command)
    {
        foreach (var option in new Option[] { _upload, _download, _zone, _windows, _noWindows }) command.Options.Add(option);
    }

    /// <summary>What is asked for: what the command line leaves out stays as it is. Throws <c>InvalidArgument</c>.</summary>
    public BandwidthView Read(ParseResult parsed, BandwidthView known)
    {
        var limits = known with
        {
            UploadBytesPerSecond = Rate(parsed.GetValue(_upload), known.UploadBytesPerSecond),
            DownloadBytesPerSecond = Rate(parsed.GetValue(_download), known.DownloadBytesPerSecond),
            TimeZone = parsed.GetValue(_zone) ?? known.TimeZone,
        };
        if (parsed.GetValue(_noWindows)) return limits with { Windows = [] };
        return parsed.GetValue(_windows) is { Length: > 0 } windows ? limits with { Windows = [.. windows.Select(text => Window(text, limits))] } : limits;
    }

    /// <summary>A rate for people.</summary>
    public static string Show(long? rate) => rate switch { null => "unlimited", 0 => "paused", { } bytes => ByteSize.Format(bytes) + "/s" };

    /// <summary>A window for people.</summary>
    public static string Show(BandwidthWindowView window) =>
        $"{string.Join(',', window.Days.Select(static day => day[..3]))} {window.From}-{window.To}: upload {Show(window.UploadBytesPerSecond)}, download {Show(window.DownloadBytesPerSecond)}";

    private static BandwidthWindowView Window(string text, BandwidthView outside)
    {
        var match = WindowPattern().Match(text.Trim());
        if (!match.Success) throw Invalid($"'{text}' is no window.", "Give one like \"mon-fri 08:00-18:00 upload=2MiB download=unlimited\".");
        long? Of(string name, long? otherwise) =>
            Rate(match.Groups["name"].Captures.Zip(match.Groups["rate"].Captures).FirstOrDefault(pair => pair.First.Value == name).Second?.Value, otherwise);
        return new BandwidthWindowView(
            [.. match.Groups["days"].Value.Split(',').SelectMany(DaysOf).Distinct()], match.Groups["from"].Value, match.Groups["to"].Value,
            Of("upload", outside.UploadBytesPerSecond), Of("download", outside.DownloadBytesPerSecond));
    }

    private static IEnumerable<string> DaysOf(string text)
    {
        if (text == "daily") return Days;
        var ends = text.Split('-').Select(end => Array.FindIndex(Days, day => end.Length >= 3 && day.StartsWith(end, StringComparison.OrdinalIgnoreCase))).ToArray();
        if (ends.Length > 2 || ends.Contains(-1)) throw Invalid($"'{text}' names no days.", "Give days like mon, sat-sun or daily.");
        var count = (ends[^1] - ends[0] + Days.Length) % Days.Length + 1;
        return Enumerable.Range(ends[0], count).Select(static day => Days[day % Days.Length]);
    }

    private static long? Rate(string? text, long? otherwise) => text switch
    {
        null => otherwise,
        "unlimited" => null,
        "0" => 0,
        _ => ByteSize.TryParse(text.EndsWith("/s", StringComparison.Ordinal) ? text[..^2] : text, out var bytes)
            ? bytes
            : throw Invalid(string.Create(CultureInfo.InvariantCulture, $"'{text}' is no rate."), "Give bytes a second such as 10MiB, 'unlimited', or 0 to pause."),
    };

    private static TidegateException Invalid(string what, string next) => new(ErrorCodes.InvalidArgument, what, next);

    [GeneratedRegex(@"^(?<days>[A-Za-z,-]+) +(?<from>\d\d:\d\d)-(?<to>\d\d:\d\d)( +(?<name>upload|download)=(?<rate>\S+))+$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex WindowPattern();
}
