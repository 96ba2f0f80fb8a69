using System.Text.Json;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Identity;

namespace Tidegate.GatewayAgent.Link;

/// <summary>
/// The addresses that discovery has named (<c>docs/protocols/link.md</c>, discovery), kept over restarts in <c>link/addresses.json</c>. A
/// convenience: a damaged file counts for none, and one that cannot be written disturbs nothing. Nothing secret, and nothing trusted:
/// who answers at an address must prove to be the service.
/// </summary>
internal sealed partial class AddressFile(IDisk disk, ILogger<AddressFile> logger)
{
    private const string FileName = "addresses.json";

    public IReadOnlyList<Uri> Load()
    {
        try
        {
            var content = AtomicFile.Read(disk, FileName);
            return content is null ? [] : JsonSerializer.Deserialize(content, AddressJson.Default.StoredAddresses)?.AgentsUrls ?? [];
        }
        catch (Exception damaged) when (damaged is JsonException or InvalidDataException or DiskFaultException)
        {
            LogDamaged(logger, damaged.Message);
            return [];
        }
    }

    public void Save(IReadOnlyList<Uri> addresses)
    {
        try
        {
            AtomicFile.Replace(disk, FileName, JsonSerializer.SerializeToUtf8Bytes(new StoredAddresses(addresses), AddressJson.Default.StoredAddresses));
        }
        catch (Exception unwritten) when (unwritten is DiskFaultException or IOException)
        {
            LogNotSaved(logger, unwritten.Message);
        }
    }

    [LoggerMessage(2160, LogLevel.Warning, "The addresses of the service that were learned cannot be read ({Why}); discovery goes by the configured one")]
    private static partial void LogDamaged(ILogger logger, string why);
    [LoggerMessage(2161, LogLevel.Warning, "The addresses of the service that were learned are not kept over a restart: {Why}")]
    private static partial void LogNotSaved(ILogger logger, string why);
}
