using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>A reader over a bucket with one bad blob: it says so, or reads what is right; never anything else (I6).</summary>
internal static class Damage
{
    internal static void Run(StoreWorld world)
    {
        if (StoreSteps.Volume(world) is not { Row: { } row } volume) return;
        var keys = (world.Chance(0.7) ? Reachability.OfImage(volume, row, row.Head.ToImage()) : Reachability.Of(volume, row)).ToList();
        if (keys.Count == 0) return;
        var source = new DamagedSource(world.Bucket, world.Random, keys[world.Random.Next(keys.Count)], keys[world.Random.Next(keys.Count)]);
        try
        {
            var reader = Sync.Result(ImageReader.OpenAsync(volume.Today(row, row.Head.ToImage()), new SegmentCache(source, volume.Keys), SimulatedVolume.ReaderOptions));
            if (StoreChecks.Differs(reader, world.Space, row.Truth.Tip.State, world.Buffer) is { } difference)
                throw new Violation($"{volume.Id}: with {source} the image reads without an error: {difference} (I6)");
            world.Happened("a bad blob is not needed", $"{volume.Id}: {source}");
        }
        catch (Exception told) when (told is CorruptDataException or BlobNotFoundException)
        {
            world.Happened("a bad blob is told", $"{volume.Id}: {source}: {told.Message}");
        }
    }

    /// <summary>Alters, shortens, hides or exchanges one blob.</summary>
    private sealed class DamagedSource : IBlobSource
    {
        private readonly SimulatedBucket _bucket;
        private readonly string _victim;
        private readonly ReadOnlyMemory<byte>? _content;
        private readonly string _what;

        public DamagedSource(SimulatedBucket bucket, Random random, string victim, string other)
        {
            (_bucket, _victim) = (bucket, victim);
            var bytes = bucket.Content(victim).ToArray();
            switch (random.Next(6))
            {
                case 0:
                    (_content, _what) = (bytes.AsMemory(0, random.Next(bytes.Length)), "cut short");
                    break;
                case 1:
                    (_content, _what) = (bucket.Content(other), $"replaced by {other}");
                    break;
                case 2:
                    (_content, _what) = (null, "gone");
                    break;
                default:
                    var at = random.Next(bytes.Length);
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    (_content, _what) = (bytes, $"altered at {at}");
                    break;
            }
        }

        public ValueTask<ReadOnlyMemory<byte>> ReadAsync(string blobKey, long offset, int length, CancellationToken cancellationToken)
        {
            if (blobKey != _victim) return _bucket.ReadAsync(blobKey, offset, length, cancellationToken);
            if (_content is not { } content) throw new BlobNotFoundException(blobKey);
            var start = (int)Math.Min(offset, content.Length);
            return new(content.Slice(start, Math.Min(length, content.Length - start)));
        }

        public override string ToString() => $"{_victim} {_what}";
    }
}
