using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Nbd.Wire;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>Maps a failed device request to the protocol's error (docs/protocols/nbd.md, Errors).</summary>
internal static class NbdFailure
{
    public static (NbdError Error, string Message, bool IsExpected) Of(Exception failure) => failure switch
    {
        BlockDeviceException device => (ErrorOf(device.Error), device.Message, true),
        OperationCanceledException => (NbdError.ShuttingDown, "the request was cut off because the session ends", true),
        OutOfMemoryException => (NbdError.NoMemory, "no memory for the request", true),
        _ => (NbdError.Io, "internal error; the agent's log has the details", false),
    };

    private static NbdError ErrorOf(DeviceError error) => error switch
    {
        DeviceError.NotPermitted => NbdError.NotPermitted,
        DeviceError.NoSpace => NbdError.NoSpace,
        DeviceError.Invalid => NbdError.Invalid,
        DeviceError.NotSupported => NbdError.NotSupported,
        DeviceError.ShuttingDown => NbdError.ShuttingDown,
        _ => NbdError.Io,
    };
}
