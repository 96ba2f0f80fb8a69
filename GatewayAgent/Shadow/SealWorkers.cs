using System.Threading.Channels;
using Tidegate.GatewayAgent.WriteLog;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// A few threads that hash, compress and encrypt for every volume of the process: the threads that carry hosts' I/O never do,
/// and sealing never takes more processors than there are threads here. When processors are short they give way to hosts' I/O,
/// which the log takes in as long as it has room.
/// </summary>
internal sealed class SealWorkers : IDisposable
{
    private const int Niceness = 3;

    private readonly Channel<TaskScheduler> _free = Channel.CreateUnbounded<TaskScheduler>();
    private readonly List<WorkerThread> _threads = [];

    /// <summary>Starts <paramref name="threads"/> threads, at least one.</summary>
    public SealWorkers(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        for (var i = 0; i < threads; i++)
        {
            var thread = new WorkerThread($"seal {i}", Niceness);
            _threads.Add(thread);
            _free.Writer.TryWrite(thread);
        }
    }

    /// <summary>Uses the given schedulers, one task at a time each; they stay the caller's.</summary>
    public SealWorkers(IEnumerable<TaskScheduler> schedulers)
    {
        foreach (var scheduler in schedulers)
            _free.Writer.TryWrite(scheduler);
    }

    /// <summary>As many threads as there are processors, four at most.</summary>
    public static SealWorkers ForThisMachine() => new(Math.Clamp(Environment.ProcessorCount, 1, 4));

    /// <summary>Runs the work on a free thread, waiting for one first. Work that has begun is not cancelled.</summary>
    public async Task<T> RunAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        var scheduler = await _free.Reader.ReadAsync(cancellationToken);
        try
        {
            return await Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler);
        }
        finally
        {
            _free.Writer.TryWrite(scheduler);
        }
    }

    /// <summary>Ends the threads after what they are doing.</summary>
    public void Dispose()
    {
        _free.Writer.TryComplete();
        _threads.ForEach(static thread => thread.Dispose());
    }
}
