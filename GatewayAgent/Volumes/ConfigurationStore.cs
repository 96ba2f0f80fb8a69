using System.Text.Json;
using Tidegate.GatewayAgent.Disks;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>
/// The last configuration that the service sent, kept durably so that volumes are served after a restart with no link (M1.8).
/// One file, <c>configuration.json</c>, replaced atomically.
/// </summary>
internal sealed class ConfigurationStore(IDisk disk)
{
    public const string FileName = "configuration.json";
    private const string NewFileName = FileName + ".new";
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The stored configuration, or null before the first. Throws <see cref="InvalidDataException"/> when it cannot be read.</summary>
    public GatewayConfiguration? Load()
    {
        if (!disk.Exists(FileName))
            return null;
        using var file = disk.Open(FileName);
        var bytes = new byte[file.SizeBytes];
        file.Read(0, bytes);
        try
        {
            var configuration = JsonSerializer.Deserialize<GatewayConfiguration>(bytes, Json);
            return configuration is { Volumes: not null } ? configuration : throw new InvalidDataException("it is empty");
        }
        catch (Exception damaged) when (damaged is JsonException or InvalidDataException)
        {
            throw new InvalidDataException(
                $"The stored configuration '{FileName}' cannot be read ({damaged.Message}). Move it away and start again: the service sends it anew.", damaged);
        }
    }

    /// <summary>Durable when it returns.</summary>
    public void Save(GatewayConfiguration configuration)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(configuration, Json);
        using (var file = disk.Open(NewFileName))
        {
            file.SetSize(0);
            file.Write(0, bytes);
            file.SyncData();
        }
        disk.Rename(NewFileName, FileName);
        disk.SyncDirectory();
    }
}
