using System.Runtime.InteropServices;

namespace Tidegate.GatewayAgent.Disks;

/// <summary>A failed system call on a file: operation, file and errno, the last also in the system's words.</summary>
internal sealed class DiskFaultException(string operation, string file, int errno)
    : IOException($"{operation} on '{file}' failed: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})")
{
    public string Operation { get; } = operation;
    public string File { get; } = file;
    public int Errno { get; } = errno;
}
