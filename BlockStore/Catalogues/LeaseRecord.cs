using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Images;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>
/// A reader's hold on what it reads, for a time: an export or a restore that may take longer than the grace of deletion. Taken while the
/// image is retained; what it holds is not freed before it ends (<c>docs/formats/reclaim.md</c>, Holds).
/// </summary>
/// <param name="LeaseId">Chosen by the reader.</param>
/// <param name="FromSequence">Base sequence of the image that is read.</param>
/// <param name="ThroughSequence">Its own sequence.</param>
/// <param name="Image">The image.</param>
/// <param name="ExpiresAt">Service's clock; renewed by the reader.</param>
/// <param name="Version">Version of the head that it was saved with: what later ones did without stays in the bucket as well.</param>
public sealed record LeaseRecord(
    string LeaseId, long FromSequence, long ThroughSequence, ImageDescriptor Image, DateTimeOffset ExpiresAt, long Version)
{
    internal byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.I64(FromSequence);
        writer.I64(ThroughSequence);
        writer.Time(ExpiresAt);
        writer.I64(Version);
        writer.Counted(Image.Encode());
        return writer.ToArray();
    }

    internal static LeaseRecord Decode(string leaseId, ReadOnlySpan<byte> bytes)
    {
        var reader = new FormatReader(bytes, $"Catalogue record of lease {leaseId}");
        var from = reader.I64("lease base sequence", 0, long.MaxValue);
        var through = reader.I64("lease sequence", from, long.MaxValue);
        var expires = reader.Time("lease expiry");
        var version = reader.I64("lease version", 0, long.MaxValue);
        var lease = new LeaseRecord(leaseId, from, through, ImageDescriptor.Decode(reader.Counted("leased image")), expires, version);
        reader.End();
        return lease;
    }
}
