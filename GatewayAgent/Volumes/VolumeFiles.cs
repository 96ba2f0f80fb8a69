using System.Text;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Grains.Interfaces.Gateways;

namespace Tidegate.GatewayAgent.Volumes;

/// <summary>One volume's directory: which files make the volume, and how they are made and opened together.</summary>
internal sealed class VolumeFiles(VolumeAttachment attachment, IDisk disk, VolumeEnvironment environment)
{
    /// <summary>
    /// File whose existence says that the volume is fetched from the service for another reason than how it began: its content is the snapshot, or nothing
    /// for how it began. Its store is then its own, whatever was adopted before.
    /// </summary>
    public const string SourceFileName = "source";
    private const long MostUnsyncedBytes = 128L << 20;

    /// <summary>The directory.</summary>
    public IDisk Disk => disk;

    private string VolumeId => attachment.VolumeId;

    /// <summary>Makes what is missing, then opens all of it. Throws <see cref="IOException"/>, saying what is wrong.</summary>
    /// <param name="start">Where a new log begins; null for an empty volume's.</param>
    public OpenedVolume Open(CommittedPoint? start = null)
    {
        var isFetchedAgain = disk.Exists(SourceFileName);
        var snapshot = isFetchedAgain ? ReadText(SourceFileName) : "";
        var source = snapshot.Length > 0 ? snapshot : attachment.SourceSnapshotId;
        PresenceMap? map = null;
        Hydrator? hydrator = null;
        if (source.Length > 0)
        {
            map = PresenceMap.Open(disk, VolumeId, source, attachment.SizeBytes, wasServed: LoggedVolume.Exists(disk));
            if (!map.IsComplete)
            {
                hydrator = new Hydrator(
                    VolumeId, map, environment.ServiceOf(VolumeId), environment.Blobs, environment.Options.Hydration, environment.Time,
                    environment.Loggers.CreateLogger<Hydrator>(), environment.Uplink.Downloads.NewFlow(), snapshot);
            }
        }
        try
        {
            var options = OptionsFor(hydrator, isFetchedAgain, start);
            if (!LoggedVolume.Exists(disk))
            {
                if (options.AdoptedStore is null)
                    RefuseForeignStore();
                Create(options);
            }
            return new OpenedVolume(LoggedVolume.Open(disk, options), hydrator, map);
        }
        catch
        {
            map?.Dispose();
            throw;
        }
    }

    /// <summary>A small file as text.</summary>
    public string ReadText(string name)
    {
        using var file = disk.Open(name);
        var bytes = new byte[file.SizeBytes];
        file.Read(0, bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Writes a small file, durably: whole or not at all.</summary>
    public void WriteText(string name, string text)
    {
        disk.Delete(name + ".new");
        using (var file = disk.Open(name + ".new"))
        {
            file.Write(0, Encoding.UTF8.GetBytes(text));
            file.SyncData();
        }
        disk.Rename(name + ".new", name);
        disk.SyncDirectory();
    }

    /// <summary>How the log of this volume is kept.</summary>
    public WriteLogOptions LogOptions()
    {
        var capacity = environment.Options.LogCapacityFor(attachment.SizeBytes);
        // A small log is synced and freed in smaller steps, so that writers seldom wait for room.
        var unsynced = Math.Min(MostUnsyncedBytes, capacity / 2);
        return new WriteLogOptions
        {
            VolumeId = VolumeId,
            CapacityBytes = capacity,
            MaxUnsyncedBytes = unsynced,
            SyncBytes = unsynced / 2,
            Time = environment.Time,
            Worker = environment.DiskWorker,
        };
    }

    private LoggedVolumeOptions OptionsFor(Hydrator? hydrator, bool isFetchedAgain, CommittedPoint? start)
    {
        var log = LogOptions();
        return new LoggedVolumeOptions
        {
            Log = log,
            SizeBytes = attachment.SizeBytes,
            CheckpointBytes = log.MaxUnsyncedBytes,
            ApplyWorker = environment.DiskWorker,
            AbsentBlocks = hydrator is null ? null : environment.AbsentBlocks(hydrator),
            AdoptedStore = attachment.AdoptPath.Length > 0 && !isFetchedAgain ? () => environment.Adoptable.Open(attachment.AdoptPath) : null,
            Start = start,
        };
    }

    private void Create(LoggedVolumeOptions options)
    {
        try
        {
            LoggedVolume.Create(disk, options);
        }
        catch (DiskFaultException full) when (DeviceFaults.IsNoSpace(full))
        {
            throw new IOException(
                $"The disk has no room for the volume's write log of {options.Log.CapacityBytes >> 20} MiB. Free space on it: "
                + $"the agent tries again by itself. ({full.Message})", full);
        }
    }

    /// <summary>A store without a log was not made here, and nothing says that the service has its bytes.</summary>
    private void RefuseForeignStore()
    {
        if (!disk.Exists(LoggedVolume.StoreFileName))
            return;
        using var store = disk.Open(LoggedVolume.StoreFileName);
        if (store.SizeBytes == 0)
            return;
        var (length, isHole) = store.NextExtent(0);
        if (!isHole || length < store.SizeBytes)
            throw new IOException($"The directory of volume '{VolumeId}' holds a '{LoggedVolume.StoreFileName}' with data and no write log. Move the file away; it is not touched.");
    }
}
