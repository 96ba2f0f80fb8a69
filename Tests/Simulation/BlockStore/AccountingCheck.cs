using Tidegate.BlockStore;
using Tidegate.BlockStore.Catalogues;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>
/// The catalogue's accounting against the product's auditor, and against two counts that share nothing with either: what a walk of the map
/// meets, and which frames of which segments the log's own records leave alive, when each other one died, and what still holds it.
/// </summary>
internal static class AccountingCheck
{
    internal static void Run(SimulatedVolume volume, VolumeRow row)
    {
        var marks = Sync.Result(Auditor.MarkAsync(row.Head, volume.Segments.At([.. volume.OriginTables])));
        if (Sync.Result(Audit.CompareAsync(row.Head, marks, volume.Segments)) is [var problem, ..]) throw new Violation($"{volume.Id}: the auditor finds: {problem}");
        var catalogue = volume.OpenCatalogue(row.Head);
        var subtrees = Sync.ToList(catalogue.ListSubtreesAsync());
        var walk = Reachability.OfRoots(volume, row);
        foreach (var subtree in subtrees) walk.WalkMap(subtree.Page);
        foreach (var life in Sync.ToList(catalogue.ListLivesAsync()))
        {
            var reached = walk.Bytes.GetValueOrDefault(life.Segment.Identity);
            if (life.LiveBytes != reached)
                throw new Violation($"{volume.Id}: {life.Segment.Identity.BlobKey} has {life.LiveBytes} live bytes by the catalogue, {reached} by a walk of the map");
        }
        var holds = HoldsOf(catalogue);
        Deaths(volume, row, Held(volume, Sync.ToList(catalogue.ListDeathsAsync()), holds, Sync.ToList(catalogue.ListReleasesAsync())), walk, holds);
    }

    /// <summary>The dead lists that something retained needs: any other must be one that a release under way will come to.</summary>
    private static List<DeathRecord> Held(
        SimulatedVolume volume, List<DeathRecord> recorded, List<(long From, long Through)> holds, List<ReleaseRecord> releases)
    {
        var held = recorded.FindAll(death => holds.Exists(hold => Meets(hold, death.Kind == SegmentKind.Compact, death.Birth, death.Death)));
        if (recorded.Where(death => death.Frames > 0 && IsOfFrames(death)).Except(held).FirstOrDefault(death => !releases.Exists(release => release.Meets(death))) is { } leaked)
            throw new Violation($"{volume.Id}: nothing needs what was born in {leaked.Birth} and died in {leaked.Death}, and nothing is freeing it");
        return held;
    }

    // Merged frames are met by roots alone: of a hold that is no window by its first sequence.
    private static bool Meets((long From, long Through) hold, bool isMerged, long birth, long death) =>
        hold.From < death && (isMerged && hold.Through < long.MaxValue ? hold.From : hold.Through) >= birth;

    private static List<(long From, long Through)> HoldsOf(CatalogueEdit catalogue)
    {
        var holds = Sync.ToList(catalogue.ListSnapshotsAsync()).ConvertAll(snapshot => (snapshot.BaseSequence, snapshot.Sequence));
        holds.AddRange(Sync.ToList(catalogue.ListPinsAsync()).Select(pin => (pin.FromSequence, pin.Sequence)));
        holds.AddRange(Sync.ToList(catalogue.ListLeasesAsync()).Select(lease => (lease.FromSequence, lease.ThroughSequence)));
        if (Sync.Result(catalogue.GetWindowAsync()) is { } window) holds.Add((window.FromSequence, long.MaxValue));
        return holds;
    }

    /// <summary>
    /// Every frame's birth and death by the log's records: those that something retained meets are in the dead lists, the others in none.
    /// Frames under a subtree that was dropped unread count as living, and then die with the subtree. Merged frames take sectors at the end of the
    /// sequence that they were merged for, and are born there.
    /// </summary>
    private static void Deaths(
        SimulatedVolume volume, VolumeRow row, List<DeathRecord> recorded, Reachability walk, List<(long From, long Through)> holds)
    {
        var expected = new SortedDictionary<(long Birth, long Death), (long Bytes, long Frames)>();
        var space = volume.World.Space;
        var holders = new Frame?[space.Count];
        var before = 0L;
        foreach (var segment in row.Truth.Segments.TakeWhile(segment => segment.Sequence <= row.Head.BaseSequence))
        {
            // All that is staged counts as born, and what it replaces as dead, right after what was committed before.
            var death = segment.Published is null ? segment.Sequence : before + 1;
            before = segment.Sequence;
            void Take(int index)
            {
                if (holders[index] is { } frame && --frame.Sectors == 0 && !walk.Frames.Contains((frame.Segment.Identity, frame.Index)))
                {
                    var died = row.Truth.Dropped.GetValueOrDefault((frame.Segment.Identity, frame.Index), death);
                    if (holds.Exists(hold => Meets(hold, frame.IsMerged, frame.Birth, died)))
                    {
                        var (bytes, frames) = expected.GetValueOrDefault((frame.Birth, died));
                        expected[(frame.Birth, died)] = (bytes + frame.Bytes, frames + 1);
                    }
                }
                holders[index] = null;
            }

            if (segment.Published is { } published)
            {
                foreach (var (index, frame) in Staged(volume, space, published, death))
                {
                    Take(index);
                    holders[index] = frame;
                    if (frame is not null) frame.Sectors++;
                }
                continue;
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
            for (var i = 0; i < segment.Entries.Count; i++) Add(volume, space, segment, i, written, holders);
            if (written.Contains(true)) throw new Violation($"{volume.Id}: segment {segment.Sequence} lacks a sector that its records write");
            foreach (var merged in row.Truth.Merged.Where(merged => merged.Sequence == segment.Sequence))
            {
                var frame = new Frame(merged.Segment, merged.Index, merged.Sequence, merged.Bytes);
                var first = space.IndexOfBlock(merged.Block) * BlockGeometry.SectorsPerBlock;
                for (var index = first; index < first + BlockGeometry.SectorsPerBlock; index++)
                {
                    if ((merged.Mask >> (index - first) & 1) == 0) continue;
                    if (holders[index] is null) throw new Violation($"{volume.Id}: a merged frame holds a sector of block {merged.Block} that is zero at {merged.Sequence}");
                    Take(index);
                    holders[index] = frame;
                    frame.Sectors++;
                }
            }
        }
        var found = recorded.Where(death => IsOfFrames(death) && death.Frames > 0).GroupBy(death => (death.Birth, death.Death))
            .ToDictionary(group => group.Key, group => (group.Sum(death => death.Bytes), group.Sum(death => death.Frames)));
        foreach (var key in expected.Keys.Union(found.Keys))
            if (expected.GetValueOrDefault(key) != found.GetValueOrDefault(key))
                throw new Violation($"{volume.Id}: born in {key.Birth}, dead in {key.Death} and held are {found.GetValueOrDefault(key)} by the catalogue, {expected.GetValueOrDefault(key)} by the log");
    }

    private static bool IsOfFrames(DeathRecord death) => death.Kind is SegmentKind.Data or SegmentKind.Compact or SegmentKind.Fill;

    /// <summary>Every sector that a branch tells of, with the frame that has it when all is published: the log's, and where that says nothing the last copy's.</summary>
    private static SortedDictionary<int, Frame?> Staged(SimulatedVolume volume, SparseSpace space, StagedTruth published, long birth)
    {
        var told = new SortedDictionary<int, Frame?>();
        foreach (var fill in published.Fills)
        {
            foreach (var index in fill.Sectors) told[index] = null;
            for (var i = 0; i < fill.Entries.Count; i++)
            {
                var frame = new Frame(fill.Reference, i, birth, fill.Entries[i].StoredBytes);
                foreach (var index in Sectors(space, fill.Entries[i])) told[index] = frame;
            }
        }
        foreach (var segment in published.Log)
        {
            foreach (var entry in segment.To.After(segment.From)!)
                for (var i = space.IndexFrom(entry.FirstSector); i < space.IndexFrom(entry.FirstSector + entry.SectorCount); i++) told[i] = null;
            for (var i = 0; i < segment.Entries.Count; i++)
            {
                var frame = new Frame(segment.Reference, i, birth, segment.Entries[i].StoredBytes);
                foreach (var index in Sectors(space, segment.Entries[i]))
                    if (!told.ContainsKey(index)) throw new Violation($"{volume.Id}: segment {segment.Sequence} holds a sector that its records do not write");
                    else told[index] = frame;
            }
        }
        return told;
    }

    private static IEnumerable<int> Sectors(SparseSpace space, SegmentEntry entry)
    {
        var first = space.IndexOfBlock(entry.Block) * BlockGeometry.SectorsPerBlock;
        return Enumerable.Range(first, BlockGeometry.SectorsPerBlock).Where(index => (entry.Mask >> (index - first) & 1) != 0);
    }

    private static void Add(SimulatedVolume volume, SparseSpace space, CommittedSegment segment, int index, bool[] written, Frame?[] holders)
    {
        var entry = segment.Entries[index];
        var frame = new Frame(segment.Reference, index, segment.Sequence, entry.StoredBytes);
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

    private sealed class Frame(SegmentReference segment, int index, long birth, int bytes)
    {
        public SegmentReference Segment => segment;
        public int Index => index;
        public long Birth => birth;
        public int Bytes => bytes;
        /// <summary>Roots alone reach it; what replays a tail does not.</summary>
        public bool IsMerged => segment.Identity.Kind == SegmentKind.Compact;
        public int Sectors { get; set; }
    }
}
