using System.Globalization;
using Tidegate.GatewayAgent.Shadow;

namespace Tidegate.GatewayAgent.Options;

/// <summary>Reads when writes go past a log that leads nowhere (<c>docs/operating/agent.md</c>), every fault at once.</summary>
internal static class PassThroughSettingsReader
{
    private const string FillPercent = "PassThroughFillPercent";
    private const string StallSeconds = "PassThroughStallSeconds";
    private const string Hours = "PassThroughHours";

    /// <summary>Names of the settings that this reads.</summary>
    public static readonly string[] Settings = [FillPercent, StallSeconds, Hours];

    public static PassThroughLimits Read(IConfiguration configuration, List<string> faults)
    {
        var defaults = new ShadowOptions();
        return new PassThroughLimits(
            Number(configuration, FillPercent, 50, 100, (int)Math.Round(defaults.PassAtFill * 100), faults) / 100.0,
            TimeSpan.FromSeconds(Number(configuration, StallSeconds, 1, 600, (int)defaults.PassAfterStall.TotalSeconds, faults)),
            TimeSpan.FromHours(Number(configuration, Hours, 1, 720, (int)defaults.PassAfterFailing.TotalHours, faults)));
    }

    private static int Number(IConfiguration configuration, string name, int least, int most, int otherwise, List<string> faults)
    {
        if (configuration[name] is not { } text)
            return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;
        faults.Add($"{name} '{text}' is not within {least} to {most}");
        return otherwise;
    }
}
