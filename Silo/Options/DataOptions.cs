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

    /// <summary>Downloads served at the same time, each holding 1 MiB in memory: 1 to 1024, 64 by default. Others are told to retry.</summary>
    public int MaxDownloads { get; set; } = 64;

    /// <summary>Share of either number that one account may have, in percent: 1 to 100, 50 by default; always one at least.</summary>
    public int AccountSharePercent { get; set; } = 50;

    /// <summary>Longest time for one transfer, in seconds: 5 to 3600, 120 by default.</summary>
    public int MaxTransferSeconds { get; set; } = 120;

    /// <summary>Slowest transfer that is still served, in bytes a second after a grace of ten seconds: 0 to 1 MiB, 4 KiB by default.</summary>
    public int MinBytesPerSecond { get; set; } = 4096;

    /// <summary>What one account may have of <paramref name="total"/>.</summary>
    internal int AccountShareOf(int total) => Math.Max(1, total * AccountSharePercent / 100);

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        if (MaxBlobBytes is < Mebibyte or > 256 * Mebibyte)
            yield return $"{Section}:MaxBlobBytes is {MaxBlobBytes}; it must be {Mebibyte} to {256 * Mebibyte}.";
        if (MaxUploads is < 1 or > 256)
            yield return $"{Section}:MaxUploads is {MaxUploads}; it must be 1 to 256.";
        if (MaxDownloads is < 1 or > 1024)
            yield return $"{Section}:MaxDownloads is {MaxDownloads}; it must be 1 to 1024.";
        if (AccountSharePercent is < 1 or > 100)
            yield return $"{Section}:AccountSharePercent is {AccountSharePercent}; it must be 1 to 100.";
        if (MaxTransferSeconds is < 5 or > 3600)
            yield return $"{Section}:MaxTransferSeconds is {MaxTransferSeconds}; it must be 5 to 3600.";
        if (MinBytesPerSecond is < 0 or > Mebibyte)
            yield return $"{Section}:MinBytesPerSecond is {MinBytesPerSecond}; it must be 0 to {Mebibyte}.";
    }
}
