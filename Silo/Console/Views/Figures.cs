using System.Globalization;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Interfaces.Snapshots;

namespace Tidegate.Silo.Console.Views;

/// <summary>Sizes, ages and states in people's words.</summary>
internal static class Figures
{
    /// <summary>Stands for what is not known.</summary>
    public const string None = "\u2013";

    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>A size with its unit, for example 1.5 GiB.</summary>
    public static string Bytes(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        for (; value >= 1024 && unit < Units.Length - 1; unit++) value /= 1024;
        return value.ToString(unit == 0 || value >= 100 || value == Math.Floor(value) ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + Units[unit];
    }

    /// <summary>A span in its largest sensible unit.</summary>
    public static string Span(double seconds) => seconds switch
    {
        < 1 => "under 1 s",
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        < 172800 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86400:0} days"),
    };

    /// <summary>A share as whole percents; never 100 before it is all.</summary>
    public static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{(share >= 1 ? 100 : Math.Min(99, Math.Floor(share * 100))):0} %");

    /// <summary>A volume's state and the class of its pill.</summary>
    public static (string Text, string Class) State(VolumeRunState state) => state switch
    {
        VolumeRunState.Bootstrapping => ("Bootstrapping", "busy"),
        VolumeRunState.Shadowing => ("Shadowing", "good"),
        VolumeRunState.PassThrough => ("Pass-through", "warn"),
        VolumeRunState.CatchingUp => ("Catching up", "busy"),
        VolumeRunState.Diverged => ("Diverged", "bad"),
        VolumeRunState.Stopped => ("Stopped", "warn"),
        VolumeRunState.Failed => ("Failed", "bad"),
        VolumeRunState.Restoring => ("Restoring", "busy"),
        _ => ("Pending", "busy"),
    };

    /// <summary>A snapshot's state, likewise.</summary>
    public static (string Text, string Class) State(SnapshotState state) => state switch
    {
        SnapshotState.Completed => ("Completed", "good"),
        SnapshotState.Failed => ("Failed", "bad"),
        SnapshotState.Waiting => ("Waiting", "warn"),
        SnapshotState.Uploading => ("Uploading", "busy"),
        _ => ("At the gateway", "busy"),
    };

    /// <summary>A role.</summary>
    public static string Name(Role role) => role switch
    {
        Role.Operator => "operator",
        Role.AccountAdmin => "account admin",
        _ => role.ToString().ToLowerInvariant(),
    };

    /// <summary>An alarm, by its name in the API.</summary>
    public static string Alarm(string name) => name switch
    {
        "recoveryPointOld" => "The newest recovery point is older than its objective.",
        "logFilling" => "The write log is filling.",
        "logNearlyFull" => "The write log is nearly full; writes will pass it soon.",
        "drainStalled" => "Nothing reaches the service.",
        "uplinkTooSlow" => "The uplink is slower than what hosts write.",
        _ => name,
    };
}
