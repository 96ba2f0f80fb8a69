using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>
/// A blob that nothing reaches any more and nothing may refer to again; deleted after its grace, when a last look agrees.
/// </summary>
/// <param name="BlobKey">The blob.</param>
/// <param name="CondemnedAt">Service's clock.</param>
/// <param name="Version">Version of the head that first did without it.</param>
public sealed record Tombstone(string BlobKey, DateTimeOffset CondemnedAt, long Version)
{
    internal byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.I64(Version);
        return writer.ToArray();
    }

    internal static Tombstone Decode(DateTimeOffset condemnedAt, string blobKey, ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, $"Tombstone of {blobKey}");
        var tombstone = new Tombstone(blobKey, condemnedAt, reader.I64("condemnation version", 0, long.MaxValue));
        reader.End();
        return tombstone;
    }
}
