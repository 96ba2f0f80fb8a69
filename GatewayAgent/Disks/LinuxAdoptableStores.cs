using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tidegate.BlockStore;

namespace Tidegate.GatewayAgent.Disks;

/// <summary>
/// Images and devices below the directories that the agent's settings allow (<c>AdoptFrom</c>): the service names a path, and must not reach anything else on
/// the machine by it. What counts is where the path leads once it is open, so that links change nothing.
/// </summary>
/// <param name="roots">Allowed directories; none by default.</param>
/// <param name="stateDirectory">The agent's own, never allowed.</param>
internal sealed class LinuxAdoptableStores(IReadOnlyList<string> roots, string stateDirectory) : IAdoptableStores
{
    /// <summary>Least size of a volume.</summary>
    private const long LeastBytes = 1 << 20;

    public IDiskFile Open(string path)
    {
        if (!Path.IsPathFullyQualified(path) || path.Contains('\0'))
            throw new IOException($"'{path}' is no absolute path.");
        if (roots.Count == 0)
            throw new IOException("This gateway makes no volumes of what is there already: its setting AdoptFrom names no directory. Set it, and restart the agent.");
        // With O_EXCL a block device that is mounted, or part of something, is refused.
        var handle = OpenHandle(path, NativeFile.ReadWrite | NativeFile.CloseOnExec | NativeFile.Exclusive);
        try
        {
            RequireAllowed(path, handle);
            if (NativeFile.Lock(handle, NativeFile.LockExclusive | NativeFile.LockNonBlocking) != 0)
                throw new IOException($"'{path}' is in use: a volume of this agent is made of it, or another program has locked it.");
            var file = new LinuxDiskFile(handle, path);
            return file.SizeBytes >= LeastBytes && file.SizeBytes % BlockGeometry.SectorBytes == 0
                ? file
                : throw new IOException($"'{path}' has {file.SizeBytes} bytes. A volume has at least {LeastBytes}, and a multiple of {BlockGeometry.SectorBytes}: enlarge it, for example with truncate.");
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private void RequireAllowed(string path, SafeFileHandle handle)
    {
        var real = PathOf(handle);
        using var state = OpenHandle(stateDirectory, NativeFile.Directory | NativeFile.CloseOnExec);
        if (IsInside(real, PathOf(state)))
            throw new IOException($"'{path}' is in the agent's own directory.");
        foreach (var root in roots)
        {
            using var directory = OpenHandle(root, NativeFile.Directory | NativeFile.CloseOnExec);
            if (IsInside(real, PathOf(directory)))
                return;
        }
        throw new IOException($"'{path}' leads to '{real}', which is in none of the directories that AdoptFrom allows: {string.Join(", ", roots)}.");
    }

    private static bool IsInside(string path, string directory) => path.StartsWith(directory.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static string PathOf(SafeFileHandle handle) =>
        new FileInfo($"/proc/self/fd/{handle.DangerousGetHandle()}").LinkTarget ?? throw new IOException("The system does not say where an open file is.");

    private static SafeFileHandle OpenHandle(string path, int flags)
    {
        var descriptor = NativeFile.Open(path, flags, 0);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        var errno = Marshal.GetLastPInvokeError();
        throw errno == NativeFile.Busy
            ? new IOException($"The device '{path}' is in use: mounted, part of another device, or a volume of this agent is made of it. Unmount it, or name another.")
            : new DiskFaultException("open", path, errno);
    }
}
