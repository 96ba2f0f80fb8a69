using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tidegate.GatewayAgent.Disks;

/// <summary>
/// Looks into a file that a running agent has locked: nothing of .NET opens one without asking for the lock. What is read may be torn; its checksum
/// tells.
/// </summary>
internal static class UnlockedFile
{
    /// <summary>The first bytes; null when there is no such file or it is shorter. Throws <see cref="DiskFaultException"/>.</summary>
    public static byte[]? ReadStart(string path, int bytes)
    {
        if (!File.Exists(path)) return null;
        var descriptor = NativeFile.Open(path, NativeFile.ReadOnly | NativeFile.CloseOnExec, 0);
        if (descriptor < 0) throw new DiskFaultException("open", path, Marshal.GetLastPInvokeError());
        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        var buffer = new byte[bytes];
        return RandomAccess.Read(handle, buffer, 0) == bytes ? buffer : null;
    }
}
