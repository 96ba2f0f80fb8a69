namespace Tidegate.Silo.Options;

/// <summary>Which cluster this silo belongs to. Section <c>Tidegate:Cluster</c>.</summary>
public sealed class ClusterSettings : ICheckedOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tidegate:Cluster";

    private const int MaxLength = 63;

    /// <summary>Silos with the same cluster id form one cluster; a new deployment beside an old one takes another. 1 to 63 characters.</summary>
    public string ClusterId { get; set; } = "tidegate";

    /// <summary>Owner of the state: it never changes for the life of a database. 1 to 63 characters.</summary>
    public string ServiceId { get; set; } = "tidegate";

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        foreach (var (name, value) in new[] { (nameof(ClusterId), ClusterId), (nameof(ServiceId), ServiceId) })
        {
            if (value.Length is 0 or > MaxLength || !value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
                yield return $"{Section}:{name} is '{value}'; it must be 1 to {MaxLength} ASCII letters, digits, '-', '_' or '.'.";
        }
    }
}
