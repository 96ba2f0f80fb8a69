using Tidegate.BlockStore;
using Tidegate.BlockStore.Segments;

namespace Tidegate.Tests.Simulation.BlockStore.Staging;

/// <summary>What the two sides of one simulated volume share: time, chance, bucket, and what happened.</summary>
internal sealed class StagedWorld : INonceSource
{
    private readonly List<string> _trace = [];
    private readonly StagingBug _planted;
    private readonly double _faults;
    private ulong _lastNonce;
    private int _lastNumber;

    internal StagedWorld(int seed, StagingBug planted)
    {
        (_planted, Random) = (planted, new Random(seed));
        Bucket = new SimulatedBucket(() => Now);
        Space = SparseSpace.Draw(Random);
        _faults = Random.Next(3) * 0.7;
    }

    internal Random Random { get; }

    internal DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch.AddYears(50);

    internal SparseSpace Space { get; }

    internal SimulatedBucket Bucket { get; }

    /// <summary>What the volume holds, by the log, after each log segment that was ever sealed.</summary>
    internal Dictionary<string, int[]> States { get; } = new(StringComparer.Ordinal);

    internal byte[] Buffer { get; } = new byte[BlockGeometry.BlockBytes];

    internal SortedDictionary<string, int> Events { get; } = new(StringComparer.Ordinal);

    internal IReadOnlyList<string> Trace => _trace;

    /// <summary>True while things may fail.</summary>
    internal bool HasFaults { get; set; } = true;

    internal bool Is(StagingBug bug) => _planted == bug;

    internal bool Fault(double chance) => HasFaults && Random.NextDouble() < chance * _faults;

    internal bool Chance(double chance) => Random.NextDouble() < chance;

    internal int NextNumber() => ++_lastNumber;

    internal void Happened(string what)
    {
        Events[what] = Events.GetValueOrDefault(what) + 1;
        _trace.Add(what);
    }

    internal void Note(string what) => _trace.Add(what);

    BlobNonce INonceSource.Next()
    {
        var value = unchecked(++_lastNonce * 0x9E3779B97F4A7C15);
        return new BlobNonce(new UInt128(value, ~value));
    }
}
