using Azure.Storage.Blobs;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Options;

/// <summary>Where blobs are kept. Section <c>Tidegate:Blobs</c>. The last four are for Azure alone.</summary>
public sealed class BlobOptions : ICheckedOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tidegate:Blobs";

    private const int LongestContainer = 63;
    private const int ShortestContainer = 3;

    /// <summary>The store; a directory unless said otherwise.</summary>
    public BlobProvider Provider { get; set; } = BlobProvider.Directory;

    /// <summary>Directory of the blobs; by default <c>blobs</c> in the state directory. Silos of one cluster share it.</summary>
    public string Directory { get; set; } = "";

    /// <summary>Connection string of a storage account, with its key: tickets are signed with it. Required for Azure.</summary>
    public Secret ConnectionString { get; set; } = Secret.None;

    /// <summary>Container, made on first start: 3 to 63 of a-z, 0-9 and single hyphens inside. <c>tidegate</c> by default.</summary>
    public string Container { get; set; } = "tidegate";

    /// <summary>
    /// Whether the account may be reached without TLS, by silos and by agents. False by default; true is for emulators on the same
    /// machine: tickets can be read on the way (the data itself is encrypted before it leaves the agent).
    /// </summary>
    public bool AllowHttp { get; set; }

    /// <summary>Time for one attempt at one request, in seconds: 1 to 600, 30 by default.</summary>
    public int RequestTimeoutSeconds { get; set; } = 30;

    /// <summary>Attempts after the first, with growing, jittered pauses from 0.2 s up to 5 s: 0 to 10, 4 by default.</summary>
    public int Retries { get; set; } = 4;

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        if (!Enum.IsDefined(Provider))
            yield return $"{Section}:Provider is '{Provider}'; it must be 'directory' or 'azure'.";
        if (Directory.Length > 0 && !Path.IsPathRooted(Directory))
            yield return $"{Section}:Directory is '{Directory}'; it must be an absolute path.";
        if (!IsContainerName(Container))
            yield return $"{Section}:Container is '{Container}'; it must be {ShortestContainer} to {LongestContainer} of a-z, 0-9 and single hyphens inside.";
        if (RequestTimeoutSeconds is < 1 or > 600)
            yield return $"{Section}:RequestTimeoutSeconds is {RequestTimeoutSeconds}; it must be 1 to 600.";
        if (Retries is < 0 or > 10)
            yield return $"{Section}:Retries is {Retries}; it must be 0 to 10.";
        if (Provider == BlobProvider.Azure && AccountFault() is { } fault)
            yield return fault;
    }

    /// <summary>Never quotes the connection string: it holds the account's key.</summary>
    private string? AccountFault()
    {
        const string Setting = $"{Section}:ConnectionString";
        if (ConnectionString.IsEmpty)
            return $"{Setting} is missing; Azure needs one, for example 'DefaultEndpointsProtocol=https;AccountName=...;AccountKey=...;EndpointSuffix=core.windows.net'.";
        BlobServiceClient account;
        try
        {
            account = new BlobServiceClient(ConnectionString.Reveal());
        }
        catch (Exception unreadable) when (unreadable is FormatException or ArgumentException or InvalidOperationException)
        {
            return $"{Setting} cannot be read as a connection string of a storage account; copy it from the account's access keys.";
        }

        if (!account.CanGenerateAccountSasUri)
            return $"{Setting} has no account key, so that no tickets can be signed; give one with AccountName and AccountKey.";
        return account.Uri.Scheme == Uri.UriSchemeHttps || AllowHttp
            ? null
            : $"{Setting} leads to {account.Uri.GetLeftPart(UriPartial.Authority)} without TLS; use https, or set {Section}:AllowHttp for an emulator.";
    }

    private static bool IsContainerName(string name) =>
        name.Length is >= ShortestContainer and <= LongestContainer
        && name.AsSpan().IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyz0123456789-") < 0
        && name[0] != '-' && name[^1] != '-' && !name.Contains("--", StringComparison.Ordinal);
}
