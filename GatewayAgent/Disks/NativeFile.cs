using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tidegate.GatewayAgent.Disks;

/// <summary>
/// The system calls of the disk layer, each with its errno. .NET's own flush calls swallow a failing fsync, and its file
/// errors lose the errno; a write path needs both.
/// </summary>
internal static unsafe partial class NativeFile
{
    internal const int ReadOnly = 0x0;
    internal const int ReadWrite = 0x2;
    internal const int Create = 0x40;
    internal const int Exclusive = 0x80;
    internal const int CloseOnExec = 0x80000;
    internal const int Directory = 0x10000;
    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;
    internal const int KeepSize = 1;
    internal const int PunchHole = 2;
    internal const int SeekData = 3;
    internal const int SeekHole = 4;
    internal const int NoSuchAddress = 6;
    internal const int Interrupted = 4;
    internal const int Busy = 16;
    internal const int Invalid = 22;
    internal const int NotSupported = 95;
    internal const int MaxVectors = 1024;

    [StructLayout(LayoutKind.Sequential)]
    internal struct Vector
    {
        internal byte* Base;
        internal nuint Length;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    internal static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    internal static partial nint Read(SafeFileHandle file, byte* buffer, nuint length, long position);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint Write(SafeFileHandle file, byte* buffer, nuint length, long position);

    [LibraryImport("libc", EntryPoint = "pwritev", SetLastError = true)]
    internal static partial nint WriteVectors(SafeFileHandle file, Vector* vectors, int count, long position);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int SyncData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Sync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Allocate(SafeFileHandle file, int mode, long position, long length);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int SetSize(SafeFileHandle file, long size);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    internal static partial long Seek(SafeFileHandle file, long position, int whence);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Rename(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Unlink(string path);
}
