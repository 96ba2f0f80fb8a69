using System.Globalization;
using System.Text.Json;

namespace Tidegate.GatewayAgent.Commands;

/// <summary>Sizes, spans and states as tables show them.</summary>
internal static class DisplayText
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>Bytes in the greatest unit of 1024 that leaves at least one.</summary>
    public static string Size(long bytes)
    {
        var unit = 0;
        var value = (double)bytes;
        for (; value >= 1024 && unit < Units.Length - 1; unit++) value /= 1024;
        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit]}");
    }

    /// <summary>How old a recovery point is.</summary>
    public static string Age(double seconds) => seconds == 0 ? "up to date" : Span(seconds) + " old";

    /// <summary>A stretch of time in its greatest fitting unit.</summary>
    public static string Span(double seconds) => seconds switch
    {
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.#} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.#} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400:0.#} days"),
    };

    /// <summary>An enum as JSON writes it.</summary>
    public static string State<T>(T state) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(state.ToString());
}
