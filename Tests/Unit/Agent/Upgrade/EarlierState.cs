using System.Formats.Tar;
using System.IO.Compression;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Unit.Agent.Upgrade;

/// <summary>
/// The state directory of an agent of version 0.1 that was killed (without its identity: a key has no place in a repository). Made by that
/// version's own programs: volume <c>data</c> with 1 MiB of 0x11 and 64 KiB of 0x12 behind it committed, then, without a service, 4 KiB of 0x21 at
/// 64 KiB, 96 KiB of 0x22 at 1.5 MiB, zeroes on 128 KiB at 512 KiB and a discard; volume <c>restored</c> from its snapshot with the store taken
/// away: 4 KiB of 0x31 at 8 KiB and 8 KiB of 0x32 at 2 MiB committed, 12 KiB of 0x41 at 3 MiB not, everything else absent.
/// </summary>
internal sealed class EarlierState : IDisposable
{
    public const string Data = "vol-daaf021354ca5d7538ba";
    public const string Restored = "vol-8c7c80c5b39159a2174d";
    private const int BlockBytes = 4096;

    public EarlierState()
    {
        using var file = File.OpenRead(Path.Combine(Repository.Root, "Tests", "Unit", "Agent", "Upgrade", "state-0.1.tar.gz"));
        using var gzip = new GZipStream(file, CompressionMode.Decompress);
        using var tar = new TarReader(gzip);
        while (tar.GetNextEntry() is { } entry)
        {
            var path = Path.Combine(Folder, entry.Name);
            if (entry.EntryType == TarEntryType.Directory) Directory.CreateDirectory(path);
            else Unpack(entry.DataStream!, path);
        }
    }

    /// <summary>The state directory.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("tidegate-earlier-").FullName;

    /// <summary>A file of a volume.</summary>
    public string PathOf(string volumeId, string name) => Path.Combine(Folder, "volumes", volumeId, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    // Sparse, as it was: logs are reserved in full and hardly used.
    private static void Unpack(Stream content, string path)
    {
        using var file = File.Create(path);
        var block = new byte[BlockBytes];
        for (int read; (read = content.ReadAtLeast(block, BlockBytes, throwOnEndOfStream: false)) > 0;)
        {
            if (block.AsSpan(0, read).IndexOfAnyExcept((byte)0) < 0) file.Seek(read, SeekOrigin.Current);
            else file.Write(block, 0, read);
        }
        file.SetLength(file.Position);
    }
}
