using System.Collections;
using System.Globalization;
using System.Reflection;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.GatewayAgent.Options;

namespace Tidegate.GatewayAgent.Support;

/// <summary>Collects what a running agent adds to a support bundle: settings in force, metrics, recent log. No secrets.</summary>
internal sealed class AgentDiagnostics(AgentOptions options, RecentLog log, MetricsLedger metrics)
{
    /// <summary>Now.</summary>
    public DiagnosticsDocument Collect() => new(Settings(options), metrics.Read(), log.Read());

    /// <summary>Every setting by its name, so that one that is added is never forgotten here; nested ones with a dot.</summary>
    public static SortedDictionary<string, string> Settings(AgentOptions options)
    {
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var property in typeof(AgentOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance))
            settings[property.Name] = SecretRedactor.Redact(Text(property.GetValue(options)));
        return settings;
    }

    private static string Text(object? value) => value switch
    {
        null => "",
        string text => text,
        IEnumerable several => string.Join("; ", several.Cast<object?>().Select(Text)),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}
