using Tidegate.GatewayAgent.Devices;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>A volume's files, opened together.</summary>
/// <param name="Volume">Store and log.</param>
/// <param name="Hydrator">What is still absent; null when nothing is.</param>
/// <param name="Map">What is present; null where the volume began empty.</param>
internal sealed record OpenedVolume(LoggedVolume Volume, Hydrator? Hydrator, PresenceMap? Map)
{
    /// <summary>Applies what was acknowledged and closes the files.</summary>
    public async ValueTask CloseAsync()
    {
        if (Hydrator is not null)
            await Hydrator.DisposeAsync();
        await Volume.DisposeAsync();
        Map?.Dispose();
    }
}
