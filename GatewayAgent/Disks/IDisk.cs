namespace Tidegate.GatewayAgent.Disks;

/// <summary>
/// The files of one directory, as the write path sees them; the simulator owns another implementation. Names are plain
/// file names. A create, rename or delete is durable only after <see cref="SyncDirectory"/>.
/// </summary>
internal interface IDisk
{
    /// <summary>Opens or creates a file; with <paramref name="sizeBytes"/> above its size it is extended (sparse).</summary>
    IDiskFile Open(string name, long sizeBytes = 0);
    bool Exists(string name);
    void Delete(string name);
    /// <summary>Replaces <paramref name="to"/> by <paramref name="from"/>, atomically once the directory is synced.</summary>
    void Rename(string from, string to);
    /// <summary>Makes creates, renames and deletes durable; throws <see cref="DiskFaultException"/> when the kernel says it failed.</summary>
    void SyncDirectory();
    IReadOnlyList<string> List();
}
