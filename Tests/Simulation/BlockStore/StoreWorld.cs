using System.Security.Cryptography;
using System.Text;
using Tidegate.BlockStore;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Reclaim;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Simulation.WritePath;

namespace Tidegate.Tests.Simulation.BlockStore;

/// <summary>What all parts of one simulated deployment share: time, chance, bucket, database, mail, and the trace of what happened.</summary>
internal sealed class StoreWorld : INonceSource
{
    private readonly List<string> _trace = [];
    private readonly HashSet<BlobNonce> _nonces = [];
    private readonly bool _isTraced;
    private ulong _lastNonce;

    internal StoreWorld(int seed, PlantedBug planted, bool isTraced)
    {
        (Planted, _isTraced) = (planted, isTraced);
        Random = new Random(seed);
        Bucket = new SimulatedBucket(() => Now);
        Space = SparseSpace.Draw(Random);
        // Some worlds never fail, some do all the time.
        Faults = Random.Next(4) switch { 0 => 0, 1 => 0.25, 2 => 1, _ => 3 };
        // In some, reclaim has to stop after very little.
        if (Random.Next(3) > 0) Limits = new ReclaimLimits { Lists = Random.Next(1, 9), Segments = Random.Next(1, 5), Looked = Random.Next(1, 30), Expired = Random.Next(1, 3) };
    }

    /// <summary>Chance of the step that runs; every step has its own, so that leaving one out leaves the others alone.</summary>
    internal Random Random { get; set; }

    internal PlantedBug Planted { get; }

    internal double Faults { get; set; }

    /// <summary>The most that one change of reclaim does.</summary>
    internal ReclaimLimits Limits { get; } = ReclaimLimits.Default;

    /// <summary>The oldest backup of the database that may be put back.</summary>
    internal static TimeSpan OldestBackup { get; } = TimeSpan.FromDays(3);

    /// <summary>Work and calls that take longer are given up.</summary>
    internal static TimeSpan LongestWork { get; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a condemned blob is kept: longer than the age of a backup, any work, and the life of any ticket together.</summary>
    internal static TimeSpan Grace { get; } = TimeSpan.FromDays(4);

    internal DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch.AddYears(50);

    internal SparseSpace Space { get; }

    internal SimulatedBucket Bucket { get; }

    internal Database Database { get; } = new();

    internal List<SimulatedVolume> Volumes { get; } = [];

    internal List<SimulatedAgent> Agents { get; } = [];

    /// <summary>Messages under way: delivered in any order, twice, late, or never.</summary>
    internal List<(string What, Action Deliver)> Mail { get; } = [];

    /// <summary>Clones that were asked for, did not come to exist, and never will.</summary>
    internal HashSet<string> AbandonedClones { get; } = new(StringComparer.Ordinal);

    /// <summary>The records that each sealed segment holds.</summary>
    internal Dictionary<string, (LogEntry From, LogEntry To, SealedContent Content)> Sealed { get; } = new(StringComparer.Ordinal);

    /// <summary>What each sealed fill copies.</summary>
    internal Dictionary<string, StagedFill> Fills { get; } = new(StringComparer.Ordinal);

    /// <summary>What each head manifest means that was ever made, by its key.</summary>
    internal Dictionary<string, VolumeTruth> Manifests { get; } = new(StringComparer.Ordinal);

    /// <summary>Snapshots whose deletion was ever prepared: a history that a backup gave up may have it.</summary>
    internal HashSet<string> Deletions { get; } = new(StringComparer.Ordinal);

    /// <summary>The data key of a lineage, for ever.</summary>
    internal static DataKey KeyOf(LineageId lineage) => new(SHA256.HashData(Encoding.ASCII.GetBytes($"{lineage}")));

    internal IReadOnlyList<string> Trace => _trace;

    /// <summary>How often each kind of event happened: a simulation in which something never happens proves nothing about it.</summary>
    internal SortedDictionary<string, int> Events { get; } = new(StringComparer.Ordinal);

    /// <summary>Room for one block.</summary>
    internal byte[] Buffer { get; } = new byte[BlockGeometry.BlockBytes];

    private int _lastNumber;

    internal int NextNumber() => ++_lastNumber;

    internal bool Is(PlantedBug bug) => Planted == bug;

    /// <summary>Chance of a fault, scaled to the world.</summary>
    internal bool Fault(double chance) => Random.NextDouble() < chance * Faults;

    internal bool Chance(double chance) => Random.NextDouble() < chance;

    internal T? Pick<T>(IReadOnlyList<T> from)
        where T : class => from.Count == 0 ? null : from[Random.Next(from.Count)];

    internal void Note(string what)
    {
        if (_isTraced) _trace.Add(what);
    }

    /// <summary>Time passes; work that was under way for too long is given up.</summary>
    internal void Elapse(TimeSpan time)
    {
        Now += time;
        if (time < LongestWork) return;
        foreach (var volume in Volumes) volume.GiveUpWork();
    }

    /// <summary>Counts an event, and notes it with what it was about.</summary>
    internal void Happened(string what, string about)
    {
        Events[what] = Events.GetValueOrDefault(what) + 1;
        if (_isTraced) _trace.Add($"{about}: {what}");
    }

    /// <summary>A message that arrives now, later, twice, or never.</summary>
    internal void Send(string what, Action deliver)
    {
        if (Fault(0.05))
        {
            Happened("lost", what);
            return;
        }
        if (Fault(0.08))
        {
            Happened("late", what);
            Mail.Add((what, deliver));
            return;
        }
        if (Fault(0.05)) Mail.Add(($"again: {what}", deliver));
        deliver();
    }

    /// <summary>Remembers what a sealed segment holds. Its nonce must be new: another ciphertext under it would betray both.</summary>
    internal void RegisterSealed(SealedSegment segment, LogEntry from, LogEntry to)
    {
        if (!_nonces.Add(segment.Header.Identity.Nonce)) throw new Violation($"segment {segment.BlobKey} is encrypted under a nonce that was used before");
        Sealed[segment.BlobKey] = (from, to, new SealedContent(segment.Reference, segment.Entries));
    }

    BlobNonce INonceSource.Next()
    {
        // Never the same twice, in no order that means anything.
        var value = unchecked(++_lastNonce * 0x9E3779B97F4A7C15);
        return new BlobNonce(new UInt128(value, ~value));
    }
}
