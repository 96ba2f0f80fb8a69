using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Tidegate.BlockStore.Blobs;

namespace Tidegate.BlockStore.Export;

/// <summary>
/// An image as a raw file with holes, under a temporary name beside its own until <see cref="Publish"/>: whoever sees the name sees
/// all of it, durable.
/// </summary>
internal sealed class SparseFileSink : IImageSink, IDisposable
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _path;
    private readonly string _temporary;
    private readonly SafeFileHandle _handle;
    private long _position;
    private bool _isPublished;

    public SparseFileSink(string path, long sizeBytes)
    {
        _path = Path.GetFullPath(path);
        _temporary = $"{_path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}.part";
        _handle = File.OpenHandle(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.Asynchronous);
        File.SetUnixFileMode(_handle, Mode);
        RandomAccess.SetLength(_handle, sizeBytes);
    }

    public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await RandomAccess.WriteAsync(_handle, bytes, _position, cancellationToken);
        _position += bytes.Length;
    }

    public ValueTask SkipAsync(long length, CancellationToken cancellationToken)
    {
        _position += length;
        return ValueTask.CompletedTask;
    }

    /// <summary>Syncs and gives the file its name; throws <see cref="IOException"/> when that exists and may not be replaced.</summary>
    public void Publish(bool mayReplace)
    {
        PosixFile.Sync(_handle, _temporary);
        _handle.Dispose();
        File.Move(_temporary, _path, mayReplace);
        _isPublished = true;
        PosixFile.SyncDirectory(Path.GetDirectoryName(_path)!);
    }

    public void Dispose()
    {
        _handle.Dispose();
        if (!_isPublished) File.Delete(_temporary);
    }
}
