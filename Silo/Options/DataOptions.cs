namespace Tidegate.Silo.Options;

/// <summary>Limits of the data endpoint. Section <c>Tidegate:Data</c>.</summary>
public sealed class DataOptions : ICheckedOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tidegate:Data";

    private const int Mebibyte = 1024 * 1024;

    /// <summary>Largest blob in bytes: 1 MiB to 256 MiB, 32 MiB by default.</summary>
    public int MaxBlobBytes { get; set; } = 32 * Mebibyte;

    /// <summary>Uploads taken at the same time, each holding its blob in memory: 1 to 256, 16 by default. Others are told to retry.</summary>
    public int MaxUploads { get; set; } = 16;

    /// <summary>Slowest transfer that is still served, in bytes a second after a grace of ten seconds: 0 to 1 MiB, 4 KiB by default.</summary>
    public int MinBytesPerSecond { get; set; } = 4096;

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        if (MaxBlobBytes is < Mebibyte or > 256 * Mebibyte)
            yield return $"{Section}:MaxBlobBytes is {MaxBlobBytes}; it must be {Mebibyte} to {256 * Mebibyte}.";
        if (MaxUploads is < 1 or > 256)
            yield return $"{Section}:MaxUploads is {MaxUploads}; it must be 1 to 256.";
        if (MinBytesPerSecond is < 0 or > Mebibyte)
            yield return $"{Section}:MinBytesPerSecond is {MinBytesPerSecond}; it must be 0 to {Mebibyte}.";
    }
}
