namespace Tidegate.BlockStore.Segments;

/// <summary>
/// A bounded cache of things that are loaded once however many ask at the same time; forgets the least recently used when their
/// weights pass the bound (I11). A load that fails is forgotten, so that the next caller tries again.
/// </summary>
public sealed class WeightedCache<TKey, TValue>(long maxWeight, Func<TValue, long> weigh)
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TKey, LinkedListNode<Slot>> _slots = [];
    private readonly LinkedList<Slot> _recent = [];
    private long _weight;

    /// <summary>Weight of all that is kept now.</summary>
    public long Weight
    {
        get
        {
            lock (_lock) return _weight;
        }
    }

    private sealed class Slot(TKey key, Task<TValue> value)
    {
        public TKey Key { get; } = key;
        public Task<TValue> Value { get; } = value;
        public long Weight { get; set; }
    }

    /// <summary>What is kept under the key, or what <paramref name="load"/> brings; the token ends the waiting, not the load.</summary>
    public Task<TValue> GetAsync(TKey key, Func<TKey, Task<TValue>> load, CancellationToken cancellationToken)
    {
        TaskCompletionSource<TValue>? loading = null;
        LinkedListNode<Slot>? node;
        lock (_lock)
        {
            if (_slots.TryGetValue(key, out node))
            {
                _recent.Remove(node);
                _recent.AddFirst(node);
            }
            else
            {
                loading = NewSource();
                node = new LinkedListNode<Slot>(new Slot(key, loading.Task));
                _slots[key] = node;
                _recent.AddFirst(node);
            }
        }
        // The load serves everyone who waits: it is not bound to the first caller's patience.
        if (loading is not null) _ = LoadAsync(node, load, loading);
        return node.Value.Value.WaitAsync(cancellationToken);
    }

    // Who waits must not go on inside the load. A scheduler of its caller's own sees to that itself, and waits for such a source with a token would end
    // on the pool, behind its back.
    private static TaskCompletionSource<TValue> NewSource() =>
        TaskScheduler.Current == TaskScheduler.Default ? new(TaskCreationOptions.RunContinuationsAsynchronously) : new();

    private async Task LoadAsync(LinkedListNode<Slot> node, Func<TKey, Task<TValue>> load, TaskCompletionSource<TValue> loading)
    {
        try
        {
            var value = await load(node.Value.Key);
            Admit(node, weigh(value));
            loading.SetResult(value);
        }
        catch (Exception e)
        {
            lock (_lock) Forget(node);
            loading.SetException(e);
            // Nobody may be waiting any more.
            _ = loading.Task.Exception;
        }
    }

    private void Admit(LinkedListNode<Slot> node, long weight)
    {
        lock (_lock)
        {
            if (node.List is null) return;
            node.Value.Weight = weight;
            _weight += weight;
            for (var last = _recent.Last; _weight > maxWeight && last is not null;)
            {
                var previous = last.Previous;
                // What is still loading has no weight and somebody waits for it.
                if (last.Value.Weight > 0 && last != node) Forget(last);
                last = previous;
            }
        }
    }

    private void Forget(LinkedListNode<Slot> node)
    {
        if (node.List is null) return;
        _recent.Remove(node);
        _slots.Remove(node.Value.Key);
        _weight -= node.Value.Weight;
    }
}
