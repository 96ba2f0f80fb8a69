using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tidegate.GatewayAgent.Disks;

/// <summary>
/// One directory of a Linux file system. Files are made readable by their owner alone and are locked while open, so that
/// a second process on the same state is refused instead of corrupting it.
/// </summary>
internal sealed class LinuxDisk : IDisk
{
    private const int OwnerReadWrite = 0x180; // 0600
    private const int NoEntry = 2;
    private readonly string _directory;

    /// <summary>Creates the directory when it is missing.</summary>
    public LinuxDisk(string directory)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("The agent keeps its volumes on Linux file systems only.");
        _directory = Path.GetFullPath(directory);
        Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public IDiskFile Open(string name, long sizeBytes = 0)
    {
        var path = PathOf(name);
        var handle = OpenHandle(path, NativeFile.ReadWrite | NativeFile.Create | NativeFile.CloseOnExec);
        try
        {
            if (NativeFile.Lock(handle, NativeFile.LockExclusive | NativeFile.LockNonBlocking) != 0)
                throw new DiskFaultException("lock (is another agent using it?)", path, Marshal.GetLastPInvokeError());
            var file = new LinuxDiskFile(handle, path);
            if (sizeBytes > file.SizeBytes)
                file.SetSize(sizeBytes);
            return file;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public bool Exists(string name) => File.Exists(PathOf(name));

    public void Delete(string name)
    {
        var path = PathOf(name);
        if (NativeFile.Unlink(path) != 0 && Marshal.GetLastPInvokeError() is var errno && errno != NoEntry)
            throw new DiskFaultException("unlink", path, errno);
    }

    public void Rename(string from, string to)
    {
        if (NativeFile.Rename(PathOf(from), PathOf(to)) != 0)
            throw new DiskFaultException("rename", PathOf(from), Marshal.GetLastPInvokeError());
    }

    public void SyncDirectory()
    {
        using var handle = OpenHandle(_directory, NativeFile.Directory | NativeFile.CloseOnExec);
        if (NativeFile.Sync(handle) != 0)
            throw new DiskFaultException("fsync", _directory, Marshal.GetLastPInvokeError());
    }

    public IReadOnlyList<string> List()
    {
        var names = new List<string>();
        foreach (var path in Directory.EnumerateFiles(_directory))
            names.Add(Path.GetFileName(path));
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private string PathOf(string name)
    {
        if (name.Length == 0 || name is "." or ".." || name.Contains('/') || name.Contains('\0'))
            throw new ArgumentException($"'{name}' is not a plain file name.", nameof(name));
        return Path.Combine(_directory, name);
    }

    private static SafeFileHandle OpenHandle(string path, int flags)
    {
        var descriptor = NativeFile.Open(path, flags, OwnerReadWrite);
        if (descriptor < 0)
            throw new DiskFaultException("open", path, Marshal.GetLastPInvokeError());
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }
}
