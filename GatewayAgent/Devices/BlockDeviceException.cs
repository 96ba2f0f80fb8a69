namespace Tidegate.GatewayAgent.Devices;

/// <summary>A failed device request with the errno a front end passes on.</summary>
internal sealed class BlockDeviceException(DeviceError error, string message, Exception? inner = null) : IOException(message, inner)
{
    public DeviceError Error { get; } = error;
}
