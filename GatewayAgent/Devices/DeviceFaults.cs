using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.Devices;

/// <summary>What a failed system call means to a host: a full disk is ENOSPC, everything else EIO.</summary>
internal static class DeviceFaults
{
    private const int QuotaExceeded = 122;

    internal static bool IsNoSpace(DiskFaultException fault) => fault.Errno is (int)DeviceError.NoSpace or QuotaExceeded;

    internal static BlockDeviceException Translate(DiskFaultException fault) =>
        new(IsNoSpace(fault) ? DeviceError.NoSpace : DeviceError.Io, fault.Message, fault);
}
