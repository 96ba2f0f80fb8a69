namespace Tidegate.Silo.Options;

/// <summary>The settings are wrong; all faults are listed.</summary>
internal sealed class SettingsException(IReadOnlyList<string> faults)
    : Exception("The silo's settings are wrong:\n" + string.Join('\n', faults.Select(fault => "- " + fault)))
{
    /// <summary>One sentence for each fault.</summary>
    public IReadOnlyList<string> Faults { get; } = faults;
}
