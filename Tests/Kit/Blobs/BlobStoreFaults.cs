namespace Tidegate.Tests.Kit.Blobs;

/// <summary>
/// A blob store on a bad day, as to the keys of one prefix: by a seeded die calls find a full disk, a failing one, or succeed and say that they failed; and at
/// a test's word all of them hang.
/// </summary>
public sealed class BlobStoreFaults(string prefix, int seed)
{
    private readonly Lock _gate = new();
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, int> _met = [];
    private TaskCompletionSource? _hang;
    private TaskCompletionSource _hangs = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Share of the puts, deletions and lists that fail. The first call of each operation does in any case.</summary>
    public double Share { get; init; } = 0.04;

    /// <summary>Share of the reads that fail; work reads hundreds of times, and one that fails fails it.</summary>
    public double ReadShare { get; init; } = 0.003;

    /// <summary>Calls that failed, or said so, by operation.</summary>
    public IReadOnlyDictionary<string, int> Met
    {
        get
        {
            lock (_gate) return new Dictionary<string, int>(_met);
        }
    }

    /// <summary>Every call waits from now on; the task ends once one does.</summary>
    public Task HangAsync()
    {
        lock (_gate)
        {
            _hang = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _hangs = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _hangs.Task;
        }
    }

    /// <summary>Calls that hang go on, to whatever fault they meet.</summary>
    public void Release()
    {
        TaskCompletionSource? hang;
        lock (_gate) (hang, _hang) = (_hang, null);
        hang?.SetResult();
    }

    internal async Task BeforeAsync(string operation, string key, CancellationToken cancellationToken)
    {
        if (!IsMeant(key)) return;
        Task? hang;
        lock (_gate)
        {
            hang = _hang?.Task;
            if (hang is not null) _hangs.TrySetResult();
        }

        if (hang is not null) await hang.WaitAsync(cancellationToken);
        if (Draw(operation, operation == "get" ? ReadShare : Share * 2 / 3) is { } die) throw new IOException(die % 2 == 0 ? $"No space left on device: {operation} {key}" : $"Input/output error: {operation} {key}");
    }

    internal void After(string operation, string key)
    {
        if (IsMeant(key) && Draw(operation, Share / 3) is not null) throw new IOException($"The answer was lost: {operation} {key}");
    }

    private bool IsMeant(string key) => key.StartsWith(prefix, StringComparison.Ordinal);

    private int? Draw(string operation, double share)
    {
        lock (_gate)
        {
            if (_random.NextDouble() >= share && _met.ContainsKey(operation)) return null;
            _met[operation] = _met.GetValueOrDefault(operation) + 1;
            return _random.Next();
        }
    }
}
