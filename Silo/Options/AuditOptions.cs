namespace Tidegate.Silo.Options;

/// <summary>How the audit log is sealed. Section <c>Tidegate:Audit</c>.</summary>
public sealed class AuditOptions : ICheckedOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tidegate:Audit";

    /// <summary>Seconds between signed checkpoints of the accounts whose log has grown: 1 to 3600, 60 by default.</summary>
    public int CheckpointSeconds { get; set; } = 60;

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        if (CheckpointSeconds is < 1 or > 3600)
            yield return $"{Section}:CheckpointSeconds is {CheckpointSeconds}; it must be 1 to 3600.";
    }
}
