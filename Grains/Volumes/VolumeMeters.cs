using System.Diagnostics.Metrics;
using Tidegate.BlockStore.Folding;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Grains.Volumes;

/// <summary>What heavy work on volumes counts; no dimension names a volume or an account.</summary>
internal sealed class VolumeMeters
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Tidegate.Volumes";

    private readonly Counter<long> _jobs;
    private readonly Counter<long> _stored;
    private readonly Counter<long> _condemned;
    private readonly Counter<long> _folds;
    private readonly Counter<long> _folded;
    private readonly Counter<long> _pages;
    private readonly Counter<long> _merges;
    private readonly Counter<long> _merged;
    private readonly Histogram<double> _frames;
    private readonly Counter<long> _scrubbed;
    private readonly Counter<long> _damages;

    public VolumeMeters(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _jobs = meter.CreateCounter<long>("tidegate.compaction.jobs", "{job}", "Compactions saved");
        _stored = meter.CreateCounter<long>("tidegate.compaction.stored", "By", "Bytes of containers and table pages that saved compactions stored");
        _condemned = meter.CreateCounter<long>("tidegate.compaction.condemned", "By", "Bytes of blobs that saved compactions condemned");
        _folds = meter.CreateCounter<long>("tidegate.fold.jobs", "{job}", "Folds saved");
        _folded = meter.CreateCounter<long>("tidegate.fold.taken", "By", "Bytes of data that saved folds took into maps");
        _pages = meter.CreateCounter<long>("tidegate.fold.pages", "By", "Bytes of map pages that saved folds stored");
        _merges = meter.CreateCounter<long>("tidegate.merge.blocks", "{block}", "Blocks of which saved folds merged frames");
        _merged = meter.CreateCounter<long>("tidegate.merge.stored", "By", "Bytes of merged frames that saved folds stored");
        _frames = meter.CreateHistogram<double>("tidegate.fold.frames", "{frame}", "Frames a block, on average over the leaves that a saved fold wrote");
        _scrubbed = meter.CreateCounter<long>("tidegate.scrub.read", "By", "Bytes of data that scrubs have read");
        _damages = meter.CreateCounter<long>("tidegate.scrub.damages", "{damage}", "Damages that ended scrubs have confirmed");
    }

    public void Scrubbed(long bytes, int damages)
    {
        _scrubbed.Add(bytes);
        _damages.Add(damages);
    }

    public void Folded(FoldResult fold)
    {
        _folds.Add(1);
        _folded.Add(fold.Folded.Sum(entry => (long)entry.FrameBytes));
        _pages.Add(fold.Born.Where(life => life.Segment.Identity.Kind == SegmentKind.Map).Sum(life => life.TotalBytes));
        _merges.Add(fold.Merging.Merges);
        _merged.Add(fold.Merging.MergedBytes);
        if (fold.Merging.Blocks > 0) _frames.Record(fold.Merging.Frames / (double)fold.Merging.Blocks);
    }

    public void Compacted(long storedBytes, long condemnedBytes)
    {
        _jobs.Add(1);
        _stored.Add(storedBytes);
        _condemned.Add(condemnedBytes);
    }
}
