using System.Globalization;
using Tidegate.GatewayAgent.Hooks;

namespace Tidegate.GatewayAgent.Options;

/// <summary>Reads <c>SnapshotHooks</c> (<c>docs/operating/snapshot-hooks.md</c>), every fault at once. Commands come from the gateway's own settings and from nowhere else.</summary>
internal static class HookSettingsReader
{
    /// <summary>Names of the settings that this reads.</summary>
    public const string Setting = "SnapshotHooks";

    private const int MostSeconds = 14;
    private static readonly string[] Members = ["Freeze", "Thaw", "FreezeSeconds", "ThawSeconds", "OnFreezeFailure", "Volumes"];

    public static HookOptions Read(IConfiguration configuration, List<string> faults)
    {
        var section = configuration.GetSection(Setting);
        if (!section.Exists()) return HookOptions.None;
        var volumes = section.GetSection("Volumes").GetChildren().Select(volume => ReadSet(volume, volume.Key, faults)).OfType<HookSet>();
        // Volumes may have their own with none for the others.
        var isAgents = section.GetChildren().Any(static member => !member.Key.Equals("Volumes", StringComparison.OrdinalIgnoreCase));
        var agent = isAgents ? ReadSet(section, "", faults) : null;
        return new HookOptions(agent, volumes.ToDictionary(static set => set.Name));
    }

    private static HookSet? ReadSet(IConfigurationSection section, string name, List<string> faults)
    {
        var before = faults.Count;
        foreach (var member in section.GetChildren().Where(member => !Members.Contains(member.Key, StringComparer.OrdinalIgnoreCase) || (name.Length > 0 && member.Key.Equals("Volumes", StringComparison.OrdinalIgnoreCase))))
            faults.Add($"{Setting} has '{member.Path}', which is no setting; there are {string.Join(", ", Members)}");
        var (freeze, thaw) = (ReadCommand(section, "Freeze", faults), ReadCommand(section, "Thaw", faults));
        var (freezeLimit, thawLimit) = (ReadSeconds(section, "FreezeSeconds", faults), ReadSeconds(section, "ThawSeconds", faults));
        if (freezeLimit + thawLimit > HookSet.LongestTogether)
            faults.Add($"{section.Path}: FreezeSeconds and ThawSeconds are more than {HookSet.LongestTogether.TotalSeconds:0} together: the service does not wait so long for the point");
        var failure = section["OnFreezeFailure"] ?? "fail";
        if (failure is not ("fail" or "go-on")) faults.Add($"{section.Path}:OnFreezeFailure '{failure}' is neither fail nor go-on");
        return faults.Count > before
            ? null
            : new HookSet { Name = name, Freeze = freeze, Thaw = thaw, FreezeLimit = freezeLimit, ThawLimit = thawLimit, FailsSnapshot = failure == "fail" };
    }

    private static string[] ReadCommand(IConfigurationSection section, string name, List<string> faults)
    {
        // In the order of the array, which is not that of its keys as text.
        var words = section.GetSection(name).GetChildren()
            .OrderBy(static word => int.TryParse(word.Key, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : int.MaxValue).Select(static word => word.Value ?? "").ToArray();
        if (words.Length == 0)
            faults.Add($"{section.Path}:{name} is missing: an array of the program and its arguments; whoever freezes thaws as well");
        else if (!Path.IsPathRooted(words[0]))
            faults.Add($"{section.Path}:{name} begins with '{words[0]}', which is no absolute path of a program");
        return words;
    }

    private static TimeSpan ReadSeconds(IConfigurationSection section, string name, List<string> faults)
    {
        if (section[name] is not { } text) return TimeSpan.FromSeconds(5);
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= MostSeconds) return TimeSpan.FromSeconds(seconds);
        faults.Add($"{section.Path}:{name} '{text}' is not within 1 to {MostSeconds}");
        return TimeSpan.Zero;
    }
}
