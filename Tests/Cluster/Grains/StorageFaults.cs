namespace Tidegate.Tests.Cluster.Grains;

/// <summary>What the next saves of a grain meet, in order; saves beyond the list succeed.</summary>
public sealed class StorageFaults
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue<StorageFault>> _planned = [];

    /// <summary>Plans what the next saves of the grain with this key meet.</summary>
    public void Plan(string grainKey, params StorageFault[] faults)
    {
        lock (_gate) _planned[grainKey] = new Queue<StorageFault>(faults);
    }

    /// <summary>The plan is used up.</summary>
    public bool IsSpent(string grainKey)
    {
        lock (_gate) return !_planned.TryGetValue(grainKey, out var left) || left.Count == 0;
    }

    internal StorageFault Next(string grainKey)
    {
        lock (_gate) return _planned.TryGetValue(grainKey, out var left) && left.TryDequeue(out var fault) ? fault : StorageFault.None;
    }
}
