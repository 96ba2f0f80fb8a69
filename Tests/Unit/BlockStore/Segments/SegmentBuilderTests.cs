using CsCheck;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Segments;

public sealed class SegmentBuilderTests
{
    private const int ImageSectors = 64;

    [Fact]
    public void A_segment_means_what_its_log_range_means_whatever_the_order_of_records()
    {
        // Each record: kind, first sector, sectors, seed of its data.
        var record = Gen.Select(Gen.Int[0, 3], Gen.Int[0, ImageSectors - 1], Gen.Int[1, 20], Gen.Int[1, 250]);
        record.Array[0, 40].SampleFixed(records =>
        {
            var expected = SegmentFixture.Bytes(99, ImageSectors * 4096, compressible: false);
            var actual = expected.ToArray();
            using var builder = new SegmentBuilder(SegmentFixture.Key, 0);
            foreach (var (kind, first, wanted, seed) in records)
            {
                var count = Math.Min(wanted, ImageSectors - first);
                var offset = first * 4096L;
                var target = expected.AsSpan(first * 4096, count * 4096);
                switch (kind)
                {
                    case 0: builder.Discard(offset, count * 4096L); target.Clear(); break;
                    case 1: builder.Zero(offset, count * 4096L); target.Clear(); break;
                    default:
                        var data = SegmentFixture.Bytes(seed, count * 4096, compressible: kind == 2);
                        builder.Write(offset, data);
                        data.CopyTo(target);
                        break;
                }
            }
            using var sealedSegment = builder.Seal(new SeededNonces());
            var reader = SegmentReader.Open(sealedSegment.Content, sealedSegment.Reference, SegmentFixture.Ring);
            SegmentFixture.Apply(reader, sealedSegment.Content, actual);
            Assert.True(expected.AsSpan().SequenceEqual(actual));
            Assert.Equal(sealedSegment.FrameBytes, reader.Index.FrameBytes);
        }, iter: 150);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(1)]
    public void Data_that_shrinks_is_compressed_again_after_much_that_does_not(int sectorsEach)
    {
        const int frames = 64;
        var bytes = sectorsEach * 4096;
        using var builder = new SegmentBuilder(SegmentFixture.Key, 0);
        for (var block = 0; block < 2 * frames; block++)
            builder.Write(block * (long)BlockGeometry.BlockBytes, SegmentFixture.Bytes(block + 1, bytes, compressible: block >= frames));
        using var sealedSegment = builder.Seal(new SeededNonces());
        var index = SegmentReader.Open(sealedSegment.Content, sealedSegment.Reference, SegmentFixture.Ring).Index;
        Assert.All(index.Entries.Take(frames), entry => Assert.Equal(FrameCodec.Raw, entry.Codec));
        // Of single sectors one in eight is tried until one shrinks.
        Assert.InRange(index.Entries.Skip(frames).Count(entry => entry.Codec == FrameCodec.Lz4), frames - 8, frames);
        using var again = builder.Seal(new SeededNonces());
        Assert.True(sealedSegment.Content.Span.SequenceEqual(again.Content.Span));
    }

    [Fact]
    public void I8_sealing_the_same_range_again_gives_the_same_digest_and_other_bytes()
    {
        var nonces = new SeededNonces();
        using var first = Feed();
        using var second = Feed();
        using var one = first.Seal(nonces);
        using var two = second.Seal(nonces, epoch: 2);
        Assert.Equal(one.Digest, two.Digest);
        Assert.NotEqual(one.BlobKey, two.BlobKey);
        Assert.False(one.Content.Span[256..].SequenceEqual(two.Content.Span[256..]));
        using var same = first.Seal(new SeededNonces());
        Assert.True(one.Content.Span.SequenceEqual(same.Content.Span));

        static SegmentBuilder Feed()
        {
            var builder = new SegmentBuilder(SegmentFixture.Key, 1000);
            builder.Write(0, SegmentFixture.Bytes(1, 65536));
            builder.Discard(1 << 20, 1 << 20);
            return builder;
        }
    }

    [Fact]
    public void I3_a_digest_depends_on_every_record_and_on_all_before()
    {
        var digests = new List<SegmentDigest>();
        void Add(Action<LogDigest> feed, SegmentDigest? previous = null, long sequence = 1, long start = 0, long end = 10)
        {
            using var digest = new LogDigest(SegmentFixture.Key);
            feed(digest);
            digests.Add(digest.Compute(previous ?? SegmentDigest.None, sequence, start, end));
        }
        Add(_ => { });
        Add(d => d.AppendWrite(0, new byte[4096]));
        Add(d => d.AppendRange(LogRecordKind.Zero, 0, 4096));
        Add(d => d.AppendRange(LogRecordKind.Discard, 0, 4096));
        Add(d => d.AppendRange(LogRecordKind.Discard, 4096, 4096));
        Add(d => d.AppendRange(LogRecordKind.Discard, 0, 8192));
        Add(_ => { }, sequence: 2);
        Add(_ => { }, start: 1);
        Add(_ => { }, end: 11);
        Add(_ => { }, previous: digests[1]);
        Assert.Equal(digests.Count, digests.Distinct().Count());
    }

    [Fact]
    public void A_large_discard_over_few_writes_and_a_small_one_over_many_both_remove_them()
    {
        using var builder = new SegmentBuilder(SegmentFixture.Key, 0);
        builder.Write(0, SegmentFixture.Bytes(1, 256 * 4096));
        builder.Discard(4096, 4096);
        Assert.Equal(255 * 4096, builder.DataBytes);
        builder.Zero(0, 1L << 40);
        Assert.Equal(0, builder.DataBytes);
        using var sealedSegment = builder.Seal(new SeededNonces());
        Assert.Empty(sealedSegment.Entries);
        var range = Assert.Single(SegmentReader.Open(sealedSegment.Content, sealedSegment.Reference, SegmentFixture.Ring).Index.Ranges);
        Assert.Equal(new SegmentRange(0, 1L << 28), range);
    }

    [Fact]
    public void A_segment_takes_no_more_sectors_than_it_may_hold_but_any_number_of_rewrites()
    {
        using var builder = new SegmentBuilder(SegmentFixture.Key, 0);
        var megabyte = new byte[1 << 20];
        for (var i = 0; i < 64; i++) builder.Write((i % 32) << 20, megabyte);
        Assert.Equal(SegmentBuilder.MaxDataBytes, builder.DataBytes);
        Assert.Throws<InvalidOperationException>(() => builder.Write(1L << 30, megabyte));
    }

    [Theory]
    [InlineData(1, 4096)]
    [InlineData(0, 4095)]
    [InlineData(-4096, 4096)]
    [InlineData(16L << 40, 4096)]
    public void A_record_off_the_sectors_or_past_the_largest_volume_is_refused(long offset, int length)
    {
        using var builder = new SegmentBuilder(SegmentFixture.Key, 0);
        Assert.Throws<ArgumentException>(() => builder.Write(offset, new byte[length]));
        Assert.Throws<ArgumentException>(() => builder.Discard(offset, length));
    }

    [Fact]
    public void The_last_block_of_the_largest_volume_can_be_sealed()
    {
        using var builder = new SegmentBuilder(SegmentFixture.Key, 0);
        builder.Write(BlockGeometry.MaxVolumeBytes - 4096, new byte[4096]);
        using var sealedSegment = builder.Seal(new SeededNonces());
        var entry = Assert.Single(SegmentReader.Open(sealedSegment.Content, sealedSegment.Reference, SegmentFixture.Ring).Index.Entries);
        Assert.Equal((uint)(1 << 28) - 1, entry.Block);
        Assert.Equal(0x8000, entry.Mask);
    }

    [Fact]
    public void Bytes_that_do_not_shrink_are_stored_as_they_are()
    {
        using var builder = new SegmentBuilder(SegmentFixture.Key, 0);
        builder.Write(0, SegmentFixture.Bytes(1, 65536, compressible: false));
        builder.Write(65536, new byte[65536]);
        using var sealedSegment = builder.Seal(new SeededNonces());
        Assert.Equal((FrameCodec.Raw, 65536), (sealedSegment.Entries[0].Codec, sealedSegment.Entries[0].StoredBytes));
        Assert.Equal(FrameCodec.Lz4, sealedSegment.Entries[1].Codec);
        Assert.InRange(sealedSegment.Entries[1].StoredBytes, 1, 1000);
    }
}
