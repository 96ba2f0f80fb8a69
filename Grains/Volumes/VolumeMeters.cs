using System.Diagnostics.Metrics;

namespace Tidegate.Grains.Volumes;

/// <summary>What heavy work on volumes counts; no dimension names a volume or an account.</summary>
internal sealed class VolumeMeters
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Tidegate.Volumes";

    private readonly Counter<long> _jobs;
    private readonly Counter<long> _stored;
    private readonly Counter<long> _condemned;
    private readonly Counter<long> _scrubbed;
    private readonly Counter<long> _damages;

    public VolumeMeters(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _jobs = meter.CreateCounter<long>("tidegate.compaction.jobs", "{job}", "Compactions saved");
        _stored = meter.CreateCounter<long>("tidegate.compaction.stored", "By", "Bytes of containers and table pages that saved compactions stored");
        _condemned = meter.CreateCounter<long>("tidegate.compaction.condemned", "By", "Bytes of blobs that saved compactions condemned");
        _scrubbed = meter.CreateCounter<long>("tidegate.scrub.read", "By", "Bytes of data that scrubs have read");
        _damages = meter.CreateCounter<long>("tidegate.scrub.damages", "{damage}", "Damages that ended scrubs have confirmed");
    }

    public void Scrubbed(long bytes, int damages)
    {
        _scrubbed.Add(bytes);
        _damages.Add(damages);
    }

    public void Compacted(long storedBytes, long condemnedBytes)
    {
        _jobs.Add(1);
        _stored.Add(storedBytes);
        _condemned.Add(condemnedBytes);
    }
}
