using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tidegate.BlockStore.Blobs;

/// <summary>
/// Files and directories made durable with checked system calls: .NET's own flush returns normally when fsync fails. Every
/// failure is an <see cref="IOException"/> that names the path.
/// </summary>
internal static partial class PosixFile
{
    private const int OpenReadOnly = 0;
    private const int OpenDirectory = 0x10000;
    private const int OpenCloseOnExec = 0x80000;
    private const int Exists = 17;
    private const int Interrupted = 4;

    /// <summary>Writes a new file and syncs it; the name is durable only after <see cref="SyncDirectory"/>.</summary>
    public static void WriteDurably(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        using var handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None, content.Length);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(handle, mode);
        var written = DirectWrite.Write(handle, content, path);
        RandomAccess.Write(handle, content[written..], written);
        Check(() => FSync(handle), "fsync", path);
    }

    /// <summary>Makes a file's content durable; its name only after <see cref="SyncDirectory"/>.</summary>
    public static void Sync(SafeFileHandle handle, string path) => Check(() => FSync(handle), "fsync", path);

    /// <summary>Gives the file a second name unless that name exists; false then.</summary>
    public static bool TryLink(string existing, string path)
    {
        if (Link(existing, path) == 0) return true;
        var error = Marshal.GetLastPInvokeError();
        return error == Exists ? false : throw Failure("link", path, error);
    }

    /// <summary>Makes the names in a directory durable.</summary>
    public static void SyncDirectory(string path)
    {
        var descriptor = Open(path, OpenReadOnly | OpenDirectory | OpenCloseOnExec, 0);
        if (descriptor < 0) throw Failure("open", path, Marshal.GetLastPInvokeError());
        using var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        Check(() => FSync(handle), "fsync", path);
    }

    /// <summary>Creates a directory and its parents, and makes each new name durable.</summary>
    public static void CreateDirectories(string path, UnixFileMode mode)
    {
        if (Directory.Exists(path)) return;
        var parent = Path.GetDirectoryName(path);
        if (parent is not null) CreateDirectories(parent, mode);
        if (!OperatingSystem.IsWindows()) Directory.CreateDirectory(path, mode);
        if (parent is not null) SyncDirectory(parent);
    }

    private static void Check(Func<int> call, string operation, string path)
    {
        while (call() != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error != Interrupted) throw Failure(operation, path, error);
        }
    }

    private static IOException Failure(string operation, string path, int error) =>
        new($"{operation} of {path} failed: {new Win32Exception(error).Message} (errno {error}). What was being stored must be taken as not stored.");

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string path);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);
}
