using Tidegate.GatewayAgent.Disks;

namespace Tidegate.GatewayAgent.Identity;

/// <summary>
/// Small files that are replaced whole: after a crash at any point a reader finds the old content or the new, never a mixture.
/// </summary>
internal static class AtomicFile
{
    private const string NewSuffix = ".new";
    private const int MaxBytes = 1 << 20;

    /// <summary>Durable when it returns; throws <see cref="DiskFaultException"/> when the kernel says that it is not.</summary>
    public static void Replace(IDisk disk, string name, ReadOnlySpan<byte> content)
    {
        // What a crash left of an earlier try may be longer than this one.
        if (disk.Exists(name + NewSuffix)) disk.Delete(name + NewSuffix);
        using (var file = disk.Open(name + NewSuffix))
        {
            file.Write(0, content);
            file.SyncData();
        }
        disk.Rename(name + NewSuffix, name);
        disk.SyncDirectory();
    }

    /// <summary>The content, or null when there is no such file. Throws <see cref="InvalidDataException"/> above 1 MiB.</summary>
    public static byte[]? Read(IDisk disk, string name)
    {
        if (!disk.Exists(name)) return null;
        using var file = disk.Open(name);
        if (file.SizeBytes > MaxBytes) throw new InvalidDataException($"'{name}' has {file.SizeBytes} bytes, more than anything written there");
        var content = new byte[file.SizeBytes];
        file.Read(0, content);
        return content;
    }

    /// <summary>Removes the file durably; a missing one is fine.</summary>
    public static void Remove(IDisk disk, string name)
    {
        if (!disk.Exists(name)) return;
        disk.Delete(name);
        disk.SyncDirectory();
    }
}
