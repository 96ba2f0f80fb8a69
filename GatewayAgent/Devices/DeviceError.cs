namespace Tidegate.GatewayAgent.Devices;

/// <summary>Errors a device may answer, by their Linux errno.</summary>
internal enum DeviceError
{
    NotPermitted = 1,
    Io = 5,
    NoSpace = 28,
    Invalid = 22,
    NotSupported = 95,
    ShuttingDown = 108,
}
