using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>
/// Acts the moment that a process has made, replaced or deleted a certain file for the n-th time: on the thread that hears of it, in the
/// middle of what the process is doing.
/// </summary>
public sealed class FileTrigger : IDisposable
{
    private readonly FileSystemWatcher _watcher;
    private readonly TaskCompletionSource _fired = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _left;

    /// <param name="folder">Watched with all that is in it.</param>
    /// <param name="isMeant">Given the kind of change and the file's full path.</param>
    /// <param name="count">The change that counts; from 1.</param>
    /// <param name="act">What to do.</param>
    public FileTrigger(string folder, Func<WatcherChangeTypes, string, bool> isMeant, int count, Action act)
    {
        _left = count;
        _watcher = new FileSystemWatcher(folder) { IncludeSubdirectories = true, NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite };
        void Heard(object sender, FileSystemEventArgs change)
        {
            // A file that is put in its place whole arrives by a link or a new name.
            var kind = change.ChangeType == WatcherChangeTypes.Renamed ? WatcherChangeTypes.Created : change.ChangeType;
            if (!isMeant(kind, change.FullPath) || Interlocked.Decrement(ref _left) != 0) return;
            act();
            _fired.TrySetResult();
        }

        _watcher.Created += Heard;
        _watcher.Changed += Heard;
        _watcher.Deleted += Heard;
        _watcher.Renamed += Heard;
        _watcher.Error += (_, failure) => _fired.TrySetException(failure.GetException());
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>Ends when it has acted; throws when it has not in time.</summary>
    public Task FiredAsync() => _fired.Task.OrHungAsync();

    /// <summary>As above, with a limit of the caller's own.</summary>
    public Task FiredAsync(TimeSpan limit) => _fired.Task.WaitAsync(limit);

    public void Dispose() => _watcher.Dispose();
}
