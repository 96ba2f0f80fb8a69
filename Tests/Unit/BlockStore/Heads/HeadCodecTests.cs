using Tidegate.BlockStore;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Segments;
using Tidegate.BlockStore.Staging;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Heads;

public sealed class HeadCodecTests
{
    [Fact]
    public void The_largest_head_fits_4_KiB_and_reads_back()
    {
        var head = Largest();
        var bytes = head.Encode();
        Assert.InRange(bytes.Length, 2500, VolumeHead.MaxEncodedBytes);
        Assert.Equal(head, VolumeHead.Decode(bytes));
        Assert.Equal(head.ToImage(), ImageDescriptor.Decode(head.ToImage().Encode()));
    }

    [Fact]
    public void I6_a_truncated_head_is_an_error_at_every_length_and_says_where()
    {
        var bytes = Largest().Encode();
        for (var length = 0; length < bytes.Length; length++)
        {
            var error = Assert.Throws<CorruptDataException>(() => VolumeHead.Decode(bytes.AsSpan(0, length)));
            Assert.Contains("Volume head", error.Message, StringComparison.Ordinal);
        }
        Assert.Throws<CorruptDataException>(() => VolumeHead.Decode([.. bytes, 0]));
        Assert.Throws<CorruptDataException>(() => VolumeHead.Decode(new byte[VolumeHead.MaxEncodedBytes + 1]));
    }

    [Fact]
    public void I6_flipped_bits_and_random_bytes_never_crash_the_decoders_nor_make_them_allocate()
    {
        var random = new Random(21);
        var head = Largest().Encode();
        var image = Largest().ToImage().Encode();
        for (var i = 0; i < 4000; i++)
        {
            Try(Flip(head, random), bytes => VolumeHead.Decode(bytes));
            Try(Flip(image, random), bytes => ImageDescriptor.Decode(bytes));
            var noise = new byte[random.Next(1, 512)];
            random.NextBytes(noise);
            Try([.. head[..8], .. noise], bytes => VolumeHead.Decode(bytes));
            Try([.. image[..8], .. noise], bytes => ImageDescriptor.Decode(bytes));
        }
    }

    private static void Try(byte[] bytes, Action<byte[]> decode)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            decode(bytes);
        }
        catch (CorruptDataException)
        {
            // An authenticated container or the database row stands before these decoders; what a flip yields may even be well-formed.
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 128 << 10);
    }

    private static byte[] Flip(byte[] bytes, Random random)
    {
        var flipped = bytes.ToArray();
        flipped[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return flipped;
    }

    private static VolumeHead Largest()
    {
        LineageId Owner(int i) => new($"{i:d2}{new string('a', 38)}", $"{i:d2}{new string('v', 38)}");
        var nonces = new SeededNonces();
        SegmentReference Segment(SegmentKind kind, int owner) =>
            new(
                new SegmentIdentity(kind, Owner(owner), int.MaxValue, kind == SegmentKind.Data ? long.MaxValue : 0, long.MaxValue, nonces.Next()),
                64 << 20);
        PageRoot Root(SegmentKind kind, int owner, int level) =>
            new(level, new PageReference(Segment(kind, owner), 65_535, 1 << 20, new PageHash(UInt128.MaxValue, 7)));
        var time = DateTimeOffset.FromUnixTimeMilliseconds(253_402_300_799_999);
        var digest = new SegmentDigest(Enumerable.Repeat((byte)0xff, 32).ToArray());
        return new VolumeHead
        {
            Lineage = Owner(0),
            KeyGeneration = int.MaxValue,
            Incarnation = long.MaxValue,
            Version = long.MaxValue,
            Epoch = long.MaxValue,
            CommittedSequence = long.MaxValue,
            CommittedLogEnd = long.MaxValue,
            TipDigest = digest,
            SizeBytes = BlockGeometry.MaxVolumeBytes,
            BaseSequence = long.MaxValue,
            Root = Root(SegmentKind.Map, 1, 3),
            // A clone of a clone, none folded: every entry of another lineage is more than can happen.
            Tail = new Tail(
                Segment(SegmentKind.Tail, 2), 240,
                [.. Enumerable.Range(0, 16).Select(i => new TailEntry(Segment(SegmentKind.Data, i < 8 ? i : 0), digest, long.MaxValue, 64 << 20, time, time))]),
            BytesSinceFold = long.MaxValue,
            Catalogue = Root(SegmentKind.Catalogue, 0, 7),
            Relocation = Root(SegmentKind.Relocation, 0, 7),
            Staging = new StagingBranch
            {
                FirstEpoch = long.MaxValue,
                IsBased = true,
                FirstSequence = long.MaxValue,
                Sequence = long.MaxValue,
                LogEnd = long.MaxValue,
                Digest = digest,
                Fills = long.MaxValue,
                FillDigest = digest,
                Mark = new string('m', StagingMark.MaxLength),
                BytesSinceFold = long.MaxValue,
                CommittedAt = time,
                HostTime = time,
                Root = Root(SegmentKind.Map, 0, 3),
                Tail = new Tail(
                    Segment(SegmentKind.Tail, 0), 252,
                    [.. Enumerable.Range(0, StagingBranch.MaxInline).Select(_ => new TailEntry(Segment(SegmentKind.Fill, 0), digest, 0, 64 << 20, time, time))]),
                RetiredTail = Segment(SegmentKind.Tail, 0),
            },
            FillsEver = long.MaxValue,
            PublishedEpoch = long.MaxValue,
            Manifest = Segment(SegmentKind.Head, 0).Identity,
            OldManifests = [.. Enumerable.Range(0, VolumeHead.MaxOldManifests).Select(_ => Segment(SegmentKind.Head, 0).Identity)],
            RetiredTail = Segment(SegmentKind.Tail, 0),
            CommittedAt = time,
            HostTime = time,
        };
    }
}
