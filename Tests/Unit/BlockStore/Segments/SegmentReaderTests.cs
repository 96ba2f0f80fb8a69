using Tidegate.BlockStore;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Kit.Blobs;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Segments;

public sealed class SegmentReaderTests
{
    private static readonly (byte[] Blob, SegmentReference Reference) Sample = Make();

    [Fact]
    public async Task A_fragment_is_found_by_block_with_one_read_for_the_index_and_one_for_the_frame()
    {
        var store = new MemoryBlobStore(TimeProvider.System);
        await store.PutIfAbsentAsync(Sample.Reference.Identity.BlobKey, Sample.Blob);
        var source = new BlobStoreSource(store);
        var reader = await SegmentReader.OpenAsync(source, Sample.Reference, SegmentFixture.Ring, default);
        Assert.Equal(1, store.Reads);
        var index = reader.Index.FindBlock(3);
        var plain = new byte[8192];
        await reader.ReadFrameAsync(source, index, plain, default);
        Assert.Equal(2, store.Reads);
        Assert.Equal(SegmentFixture.Bytes(3, 8192), plain);
        Assert.Equal(-1, reader.Index.FindBlock(2));
    }

    [Fact]
    public async Task An_index_longer_than_the_first_guess_takes_one_more_read()
    {
        using var builder = new SegmentBuilder(SegmentFixture.Key, 0);
        for (var block = 0; block < 1500; block++) builder.Write(block * 65536L, new byte[4096]);
        using var sealedSegment = builder.Seal(new SeededNonces());
        var store = new MemoryBlobStore(TimeProvider.System);
        await store.PutIfAbsentAsync(sealedSegment.BlobKey, sealedSegment.Content);
        var reader = await SegmentReader.OpenAsync(new BlobStoreSource(store), sealedSegment.Reference, SegmentFixture.Ring, default);
        Assert.Equal(2, store.Reads);
        Assert.Equal(1500, reader.Index.Entries.Count);
    }

    [Fact]
    public void I6_any_flipped_bit_is_an_error_and_never_data()
    {
        var random = new Random(11);
        for (var i = 0; i < 3000; i++)
        {
            var altered = Sample.Blob.ToArray();
            altered[random.Next(altered.Length)] ^= (byte)(1 << random.Next(8));
            AssertCorrupt(altered, Sample.Reference);
        }
    }

    [Fact]
    public void I6_a_truncated_or_lengthened_blob_is_an_error_at_every_length()
    {
        for (var length = 0; length < Sample.Blob.Length; length += length < 700 ? 1 : 97)
            AssertCorrupt(Sample.Blob[..length], Sample.Reference);
        for (var length = 1; length < Sample.Blob.Length; length += 97)
            AssertCorrupt(Sample.Blob[..length], Sample.Reference with { LengthBytes = length });
        AssertCorrupt([.. Sample.Blob, 0], Sample.Reference with { LengthBytes = Sample.Blob.Length + 1 });
    }

    [Fact]
    public void I6_random_bytes_behind_a_good_trailer_magic_neither_crash_nor_allocate()
    {
        var random = new Random(12);
        // The first exception of a process loads what it needs to say where it was thrown.
        AssertCorrupt(new byte[SegmentFormat.MinSegmentBytes], Sample.Reference with { LengthBytes = SegmentFormat.MinSegmentBytes });
        for (var i = 0; i < 3000; i++)
        {
            var bytes = new byte[random.Next(SegmentFormat.MinSegmentBytes, 4096)];
            random.NextBytes(bytes);
            SegmentFormat.TrailerMagic.CopyTo(bytes.AsSpan(bytes.Length - SegmentFormat.TrailerBytes));
            var before = GC.GetAllocatedBytesForCurrentThread();
            AssertCorrupt(bytes, Sample.Reference with { LengthBytes = bytes.Length });
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 256 << 10);
        }
    }

    [Fact]
    public void I6_a_segment_under_anothers_name_is_refused_and_named()
    {
        var id = Sample.Reference.Identity;
        SegmentIdentity[] others =
        [
            id with { Sequence = 2 }, id with { Epoch = 2 }, id with { Nonce = new BlobNonce(5) }, id with { Kind = SegmentKind.Map },
            id with { Generation = 2 }, id with { Owner = new LineageId("999999999999", id.Owner.VolumeId) },
        ];
        var ring = new Keyring();
        foreach (var other in others.Append(id)) ring.Add(other.Owner, other.Generation, SegmentFixture.Key);
        foreach (var other in others)
        {
            var error = Assert.Throws<CorruptDataException>(
                () => SegmentReader.Open(Sample.Blob, Sample.Reference with { Identity = other }, ring));
            Assert.Contains(other.BlobKey, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void I6_frames_that_changed_places_do_not_open()
    {
        var reader = SegmentReader.Open(Sample.Blob, Sample.Reference, SegmentFixture.Ring);
        var (a, b) = (reader.Index.Entries[0], reader.Index.Entries[1]);
        Assert.Equal(a.PlainBytes, b.PlainBytes);
        var error = Assert.Throws<CorruptDataException>(() =>
            reader.OpenFrame(0, Sample.Blob.AsSpan(b.Offset, b.StoredBytes)[..a.StoredBytes], new byte[a.PlainBytes]));
        Assert.Contains("frame 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_its_key_a_segment_cannot_be_opened_and_the_key_is_named()
    {
        var error = Assert.Throws<MissingKeyException>(() => SegmentReader.Open(Sample.Blob, Sample.Reference, new Keyring()));
        Assert.Equal(SegmentFixture.Owner, error.Owner);
    }

    [Fact]
    public void A_data_key_reads_back_from_a_blob_key_and_nothing_else_does()
    {
        var id = Sample.Reference.Identity;
        Assert.True(SegmentIdentity.TryParseDataKey(id.BlobKey, 1, out var parsed));
        Assert.Equal(id, parsed);
        string[] bad =
        [
            "", "a/b/c", id.BlobKey + "/x", id.BlobKey[..^1], id.BlobKey.Replace('-', '_'), id.BlobKey.ToUpperInvariant(),
            (id with { Kind = SegmentKind.Map }).BlobKey, id.BlobKey.Replace(
                "0000000000000001/", "8000000000000001/", StringComparison.Ordinal),
        ];
        foreach (var key in bad) Assert.False(SegmentIdentity.TryParseDataKey(key, 1, out _), key);
    }

    private static void AssertCorrupt(byte[] blob, SegmentReference reference)
    {
        var error = Assert.Throws<CorruptDataException>(() =>
        {
            var reader = SegmentReader.Open(blob, reference, SegmentFixture.Ring);
            for (var i = 0; i < reader.Index.Entries.Count; i++)
            {
                var entry = reader.Index.Entries[i];
                reader.OpenFrame(i, blob.AsSpan(entry.Offset, entry.StoredBytes), new byte[entry.PlainBytes]);
            }
        });
        Assert.Contains(reference.Identity.BlobKey, error.Message, StringComparison.Ordinal);
    }

    private static (byte[], SegmentReference) Make()
    {
        using var builder = new SegmentBuilder(SegmentFixture.Key, 0);
        builder.Write(0, SegmentFixture.Bytes(1, 8192, compressible: false));
        builder.Write(65536 + 4096, SegmentFixture.Bytes(2, 8192, compressible: false));
        builder.Write((3 * 65536) + 8192, SegmentFixture.Bytes(3, 8192));
        builder.Discard(1 << 20, 1 << 20);
        using var sealedSegment = builder.Seal(new SeededNonces());
        return (sealedSegment.Content.ToArray(), sealedSegment.Reference);
    }
}
