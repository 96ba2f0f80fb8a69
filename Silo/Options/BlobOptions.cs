namespace Tidegate.Silo.Options;

/// <summary>Where blobs are kept. Section <c>Tidegate:Blobs</c>.</summary>
public sealed class BlobOptions : ICheckedOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tidegate:Blobs";

    /// <summary>Directory of the blobs; by default <c>blobs</c> in the state directory. Silos of one cluster share it.</summary>
    public string Directory { get; set; } = "";

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        if (Directory.Length > 0 && !Path.IsPathRooted(Directory))
            yield return $"{Section}:Directory is '{Directory}'; it must be an absolute path.";
    }
}
