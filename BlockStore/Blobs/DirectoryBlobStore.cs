using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Tidegate.BlockStore.Blobs;

/// <summary>
/// Blobs as files under a directory. A put writes a temporary file, syncs it, links it to its name (which fails when the name
/// exists) and syncs the directory: a blob is whole or absent, and durable when the put returns. Blob <c>a/b</c> is the file
/// <c>a/b.blob</c>, so that a key may be the prefix of another.
/// </summary>
public sealed class DirectoryBlobStore : IBlobStore
{
    private const string Extension = ".blob";
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan AbandonedAfter = TimeSpan.FromHours(24);

    private const int MostKnownDirectories = 4096;
    private const int CompareBytes = 64 * 1024;

    private readonly string _root;
    private readonly string _temporary;
    private readonly ConcurrentDictionary<string, bool> _durableDirectories = [];

    /// <summary>Uses a directory, which is created when absent. Temporary files that a crash left over a day ago are removed.</summary>
    public DirectoryBlobStore(string root, TimeProvider time)
    {
        _root = Path.GetFullPath(root);
        // No key can hold a dot, so nothing listed or stored can meet this name.
        _temporary = Path.Combine(_root, ".incoming");
        PosixFile.CreateDirectories(_temporary, DirectoryMode);
        foreach (var left in new DirectoryInfo(_temporary).EnumerateFiles())
            if (time.GetUtcNow() - left.LastWriteTimeUtc > AbandonedAfter) left.Delete();
    }

    private DirectoryBlobStore(string root) => (_root, _temporary) = (root, Path.Combine(root, ".incoming"));

    /// <summary>Uses a directory that exists, for reading alone: changes nothing in it. Throws <see cref="DirectoryNotFoundException"/>.</summary>
    public static DirectoryBlobStore OpenForReading(string root) => Directory.Exists(root)
        ? new DirectoryBlobStore(Path.GetFullPath(root))
        : throw new DirectoryNotFoundException($"There is no directory '{root}' to read blobs from.");

    /// <inheritdoc/>
    public Task<PutOutcome> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        cancellationToken.ThrowIfCancellationRequested();
        // The system calls block: a caller on a grain's or a server's thread must not.
        return Task.Run(() => Put(key, content.Span), CancellationToken.None);
    }

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> GetRangeAsync(
        string key, long offset, int length, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        try
        {
            using var handle = File.OpenHandle(
                PathOf(key), System.IO.FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
            var available = (int)Math.Clamp(RandomAccess.GetLength(handle) - offset, 0, length);
            var buffer = GC.AllocateUninitializedArray<byte>(available);
            for (var read = 0; read < available;)
            {
                var count = await RandomAccess.ReadAsync(handle, buffer.AsMemory(read), offset + read, cancellationToken);
                if (count == 0)
                    throw new IOException(
                        $"Blob '{key}' became shorter while it was read; blobs never change. Check who else writes to {_root}.");
                read += count;
            }
            return buffer;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BlobNotFoundException(key);
        }
    }

    /// <inheritdoc/>
    public Task<long?> GetLengthAsync(string key, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        var file = new FileInfo(PathOf(key));
        return Task.FromResult(file.Exists ? file.Length : (long?)null);
    }

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        return Task.Run(() => Delete(key), cancellationToken);
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobEntry> ListAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        BlobKey.CheckPrefix(prefix);
        await Task.Yield();
        foreach (var entry in List(new DirectoryInfo(_root), "", prefix))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return entry;
        }
    }

    private PutOutcome Put(string key, ReadOnlySpan<byte> content)
    {
        var path = PathOf(key);
        var directory = Path.GetDirectoryName(path)!;
        if (File.Exists(path)) return AlreadyThere(key, content);
        MakeDurable(directory);
        var temporary = Path.Combine(_temporary, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)));
        try
        {
            PosixFile.WriteDurably(temporary, content, FileMode);
            if (!PosixFile.TryLink(temporary, path)) return AlreadyThere(key, content);
        }
        finally
        {
            File.Delete(temporary);
        }
        PosixFile.SyncDirectory(directory);
        return PutOutcome.Stored;
    }

    /// <summary>
    /// A directory that exists may have been made a moment ago by somebody who has not synced its name yet: sync once ourselves.
    /// </summary>
    private void MakeDurable(string directory)
    {
        if (_durableDirectories.ContainsKey(directory)) return;
        PosixFile.CreateDirectories(directory, DirectoryMode);
        for (var parent = Path.GetDirectoryName(directory)!; parent.Length >= _root.Length; parent = Path.GetDirectoryName(parent)!)
            PosixFile.SyncDirectory(parent);
        if (_durableDirectories.Count >= MostKnownDirectories) _durableDirectories.Clear();
        _durableDirectories[directory] = true;
    }

    /// <summary>The other writer may not have synced the name yet, and our caller will count on it.</summary>
    private PutOutcome AlreadyThere(string key, ReadOnlySpan<byte> content)
    {
        var path = PathOf(key);
        if (!Holds(path, content)) throw new BlobConflictException(key);
        var directory = Path.GetDirectoryName(path)!;
        MakeDurable(directory);
        PosixFile.SyncDirectory(directory);
        return PutOutcome.AlreadyThere;
    }

    private static bool Holds(string path, ReadOnlySpan<byte> content)
    {
        using var handle = File.OpenHandle(path, System.IO.FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (RandomAccess.GetLength(handle) != content.Length) return false;
        var buffer = new byte[Math.Min(CompareBytes, content.Length)];
        for (var at = 0; at < content.Length;)
        {
            var count = RandomAccess.Read(handle, buffer, at);
            if (count == 0 || !content.Slice(at, count).SequenceEqual(buffer.AsSpan(0, count))) return false;
            at += count;
        }
        return true;
    }

    private bool Delete(string key)
    {
        var path = PathOf(key);
        if (!File.Exists(path)) return false;
        File.Delete(path);
        PosixFile.SyncDirectory(Path.GetDirectoryName(path)!);
        return true;
    }

    private string PathOf(string key) => Path.Combine(_root, key + Extension);

    private static IEnumerable<BlobEntry> List(DirectoryInfo directory, string path, string prefix)
    {
        // Children in the order of the keys they lead to: a directory counts with the slash that follows it.
        var children = directory.EnumerateFileSystemInfos()
            .Where(child => child is DirectoryInfo ? IsKeyPart(child.Name) : child.Name.EndsWith(Extension, StringComparison.Ordinal))
            .Select(child => (Name: path + (child is DirectoryInfo ? child.Name + "/" : child.Name[..^Extension.Length]), Child: child))
            .OrderBy(child => child.Name, StringComparer.Ordinal);
        foreach (var (name, child) in children)
        {
            if (child is FileInfo file)
            {
                if (name.StartsWith(prefix, StringComparison.Ordinal) && EntryOf(name, file) is { } entry) yield return entry;
            }
            else if (name.StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith(name, StringComparison.Ordinal))
            {
                foreach (var entry in List((DirectoryInfo)child, name, prefix)) yield return entry;
            }
        }
    }

    // Null for one that was deleted since its directory was read: whoever lists, others delete meanwhile.
    private static BlobEntry? EntryOf(string key, FileInfo file)
    {
        file.Refresh();
        if (!file.Exists) return null;
        // Both are of the one look at the file above.
        return new BlobEntry(key, file.Length, new DateTimeOffset(file.LastWriteTimeUtc, TimeSpan.Zero));
    }

    private static bool IsKeyPart(string name) => !name.Contains('.', StringComparison.Ordinal);
}
