using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Tidegate.BlockStore.Blobs;

/// <summary>
/// Writes the bulk of a large new file past the page cache: few blobs are read again soon, and giving each of them fresh pages cost
/// more than everything else about storing it. The end of the file, where a segment has the index that is read next, stays
/// cached; where the file system cannot do this, all of it does.
/// </summary>
internal static partial class DirectWrite
{
    private const int CachedTailBytes = 128 * 1024;
    private const int SmallestBytes = 1024 * 1024;
    private const int BounceBytes = 4 * 1024 * 1024;
    private const int SetFlags = 4;
    private const int Direct = 0x4000;
    private const int Interrupted = 4;
    private const int Invalid = 22;

    private static readonly ConcurrentBag<AlignedBuffer> Spare = [];

    /// <summary>Writes the start of an empty file and returns how much of it: the rest is the caller's to write.</summary>
    public static unsafe int Write(SafeFileHandle handle, ReadOnlySpan<byte> content, string path)
    {
        // The flag has this value on one architecture, and nothing depends on it.
        if (content.Length < SmallestBytes || RuntimeInformation.ProcessArchitecture != Architecture.X64) return 0;
        if (Control(handle, SetFlags, Direct) != 0) return 0;
        var bulk = (content.Length - CachedTailBytes) & -AlignedBuffer.Alignment;
        int written;
        fixed (byte* start = content)
            written = AlignedBuffer.IsAligned(start) ? WriteAll(handle, start, bulk, 0, path) : WriteCopied(handle, content[..bulk], path);
        return Control(handle, SetFlags, 0) == 0 ? written : throw Failure("fcntl", path);
    }

    private static unsafe int WriteCopied(SafeFileHandle handle, ReadOnlySpan<byte> content, string path)
    {
        if (!Spare.TryTake(out var bounce)) bounce = new AlignedBuffer(BounceBytes);
        try
        {
            var done = 0;
            while (done < content.Length)
            {
                var piece = content[done..Math.Min(content.Length, done + BounceBytes)];
                piece.CopyTo(bounce.Memory.Span);
                fixed (byte* start = bounce.Memory.Span)
                {
                    var written = WriteAll(handle, start, piece.Length, done, path);
                    done += written;
                    if (written < piece.Length) break;
                }
            }

            return done;
        }
        finally
        {
            if (Spare.Count < Environment.ProcessorCount) Spare.Add(bounce);
            else bounce.Dispose();
        }
    }

    /// <summary>Less than <paramref name="length"/> only when the device wants another alignment.</summary>
    private static unsafe int WriteAll(SafeFileHandle handle, byte* start, int length, int offset, string path)
    {
        var done = 0;
        while (done < length)
        {
            var count = (int)PositionalWrite(handle, start + done, length - done, offset + done);
            if (count > 0)
                done += count & -AlignedBuffer.Alignment;
            else if (count == 0 || Marshal.GetLastPInvokeError() == Invalid)
                break;
            else if (Marshal.GetLastPInvokeError() != Interrupted)
                throw Failure("pwrite", path);
        }

        return done;
    }

    private static IOException Failure(string operation, string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return new($"{operation} of {path} failed: {new Win32Exception(error).Message} (errno {error}). What was being stored must be taken as not stored.");
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle handle, int command, int argument);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static unsafe partial nint PositionalWrite(SafeFileHandle handle, byte* data, nint length, nint offset);
}
