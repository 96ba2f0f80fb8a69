using Tidegate.BlockStore;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>
/// The catalogue's accounting against two counts that share nothing with it: which frames of which segments the log's own records leave
/// alive, and when each other one died; and what a walk of the map meets.
/// </summary>
internal static class AccountingCheck
{
    internal static void Run(SimulatedVolume volume, VolumeRow row)
    {
        var catalogue = volume.OpenCatalogue(row.Head);
        var lives = Sync.ToList(catalogue.ListLivesAsync());
        var deaths = Sync.ToList(catalogue.ListDeathsAsync());
        var subtrees = Sync.ToList(catalogue.ListSubtreesAsync());
        var walk = Reachability.OfRoot(volume, row.Head.Root, subtrees);
        var dead = deaths.GroupBy(death => (death.Kind, death.SegmentSequence, death.SegmentNonce)).ToDictionary(group => group.Key, group => group.Sum(death => death.Bytes));
        foreach (var life in lives)
        {
            var identity = life.Segment.Identity;
            var reached = walk.Bytes.GetValueOrDefault(identity);
            if (life.LiveBytes != reached) throw new Violation($"{volume.Id}: {identity.BlobKey} has {life.LiveBytes} live bytes by the catalogue, {reached} by a walk of the map");
            var gone = dead.GetValueOrDefault((identity.Kind, identity.Sequence, identity.Nonce));
            if (life.HeldBytes != gone || life.NeededBytes > life.TotalBytes)
                throw new Violation($"{volume.Id}: {identity.BlobKey} has {life.TotalBytes} bytes, {life.LiveBytes} live, {life.HeldBytes} held and {gone} in dead lists");
        }
        var counted = lives.Select(life => life.Segment.Identity).ToHashSet();
        if (walk.Bytes.Keys.FirstOrDefault(segment => segment.Owner == volume.Lineage && !counted.Contains(segment)) is { } missing)
            throw new Violation($"{volume.Id}: {missing.BlobKey} is reached by the map and not counted");
        Deaths(volume, row, deaths, subtrees.Count > 0 ? walk : null);
    }

    /// <summary>Every frame's birth and death by the log's records. Where a subtree was dropped unread its frames count as living.</summary>
    private static void Deaths(SimulatedVolume volume, VolumeRow row, List<DeathRecord> recorded, Reachability? withSubtrees)
    {
        var expected = new SortedDictionary<(long Birth, long Death), (long Bytes, long Frames)>();
        var space = volume.World.Space;
        var holders = new Frame?[space.Count];
        foreach (var segment in row.Truth.Segments.TakeWhile(segment => segment.Sequence <= row.Head.BaseSequence))
        {
            void Take(int index)
            {
                if (holders[index] is { } frame && --frame.Sectors == 0 && withSubtrees?.Frames.Contains((frame.Segment.Identity, frame.Index)) != true)
                {
                    var (bytes, frames) = expected.GetValueOrDefault((frame.Birth, segment.Sequence));
                    expected[(frame.Birth, segment.Sequence)] = (bytes + frame.Bytes, frames + 1);
                }
                holders[index] = null;
            }

            var written = new bool[space.Count];
            foreach (var entry in segment.To.After(segment.From)!)
            {
                for (var i = space.IndexFrom(entry.FirstSector); i < space.IndexFrom(entry.FirstSector + entry.SectorCount); i++)
                {
                    written[i] = entry.Kind == LogEntryKind.Write;
                    Take(i);
                }
            }
            for (var i = 0; i < segment.Entries.Count; i++)
            {
                var entry = segment.Entries[i];
                var frame = new Frame(segment.Reference, i, segment.Sequence, entry.StoredBytes);
                var first = space.IndexOfBlock(entry.Block) * BlockGeometry.SectorsPerBlock;
                for (var sector = 0; sector < BlockGeometry.SectorsPerBlock; sector++)
                {
                    if ((entry.Mask >> sector & 1) == 0) continue;
                    if (!written[first + sector]) throw new Violation($"{volume.Id}: segment {segment.Sequence} holds a sector of block {entry.Block} that its records do not write");
                    written[first + sector] = false;
                    holders[first + sector] = frame;
                    frame.Sectors++;
                }
            }
            if (written.Contains(true)) throw new Violation($"{volume.Id}: segment {segment.Sequence} lacks a sector that its records write");
        }
        // What nothing retained needs is not on record any more.
        var holds = Sync.Result(Holds.LoadAsync(volume.OpenCatalogue(row.Head)));
        foreach (var (birth, death) in expected.Keys.ToArray())
            if (!holds.Need(new DeathRecord(birth, death, SegmentKind.Data, birth, default, 1, 1))) expected.Remove((birth, death));
        var found = recorded.Where(death => death.Kind == SegmentKind.Data && death.Frames > 0).GroupBy(death => (death.Birth, death.Death))
            .ToDictionary(group => group.Key, group => (group.Sum(death => death.Bytes), group.Sum(death => death.Frames)));
        foreach (var key in expected.Keys.Union(found.Keys))
            if (expected.GetValueOrDefault(key) != found.GetValueOrDefault(key))
                throw new Violation($"{volume.Id}: born in {key.Birth} and dead in {key.Death} are {found.GetValueOrDefault(key)} by the catalogue, {expected.GetValueOrDefault(key)} by the log");
    }

    private sealed class Frame(SegmentReference segment, int index, long birth, int bytes)
    {
        public SegmentReference Segment => segment;
        public int Index => index;
        public long Birth => birth;
        public int Bytes => bytes;
        public int Sectors { get; set; }
    }
}
