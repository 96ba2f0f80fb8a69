using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Rebuild;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Tests.Kit.Blobs;

/// <summary>Where a volume's data lies in a bucket that is a directory, found with its key file alone; and harm done to it on purpose.</summary>
/// <param name="folder">The bucket.</param>
/// <param name="keyFile">The account's key file.</param>
/// <param name="lineage">The volume.</param>
internal sealed class StoredFrames(string folder, string keyFile, LineageId lineage)
{
    /// <summary>The volume as the bucket tells it now.</summary>
    public async Task<StoredVolume> OpenAsync() =>
        await new Bucket(new DirectoryBlobStore(folder, TimeProvider.System), new KeyFileReader(keyFile)).OpenAsync(lineage)
        ?? throw new InvalidOperationException($"No manifest of {lineage} is in {folder}.");

    /// <summary>The frame that holds a block at the newest point.</summary>
    public async Task<StoredFrame> FindAsync(long block)
    {
        var volume = await OpenAsync();
        var reader = await ImageReader.OpenAsync(volume.NewestImage, volume.Segments);
        var fragment = (await reader.ResolveAsync((uint)block, default)).Single();
        return await FrameAsync(volume.Segments, fragment.Segment, fragment.Index);
    }

    /// <summary>The root page of the newest point's map.</summary>
    public async Task<StoredFrame> FindRootAsync()
    {
        var volume = await OpenAsync();
        var page = volume.NewestImage.Root!.Page;
        return await FrameAsync(volume.Segments, page.Segment, page.Index);
    }

    /// <summary>Turns the bits of one byte in the middle of a frame.</summary>
    public void Spoil(StoredFrame frame)
    {
        using var file = File.Open(PathOf(frame.StoredIn), FileMode.Open, FileAccess.ReadWrite);
        file.Position = frame.Offset + (frame.StoredBytes / 2);
        var was = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)~was);
    }

    /// <summary>The whole blob is gone.</summary>
    public void Delete(StoredFrame frame) => File.Delete(PathOf(frame.StoredIn));

    // Compaction may have moved it: it is still named by its segment.
    private static async Task<StoredFrame> FrameAsync(SegmentCache segments, SegmentReference segment, int index)
    {
        var entry = (await segments.OpenAsync(segment, default)).FrameAt(index);
        var container = await segments.LocateAsync(segment.Identity, default);
        return new StoredFrame(segment.Identity.BlobKey, (container ?? segment).Identity.BlobKey, entry.Offset, entry.StoredBytes);
    }

    private string PathOf(string blobKey) => Directory.EnumerateFiles(folder, Path.GetFileName(blobKey) + "*", SearchOption.AllDirectories).Single();
}
