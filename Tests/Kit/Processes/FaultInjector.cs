namespace Tidegate.Tests.Kit.Processes;

/// <summary>
/// strace on a running process, which fails, delays or kills at chosen system calls. Every system call of the process is slower while it is there; needs the
/// right to trace the process, as root or its owner has.
/// </summary>
public sealed class FaultInjector : IAsyncDisposable
{
    private const string Injected = "(INJECTED)";

    private readonly ManagedProcess _strace;
    private readonly string _calls;

    private FaultInjector(ManagedProcess strace, string calls) => (_strace, _calls) = (strace, calls);

    /// <summary>Every call that the fault is about so far, with its outcome, one a line.</summary>
    public IReadOnlyList<string> Calls => File.Exists(_calls) ? File.ReadAllLines(_calls) : [];

    /// <summary>True once a call has met an error or a delay.</summary>
    public bool HasStruck => Calls.Any(call => call.Contains(Injected, StringComparison.Ordinal));

    /// <summary>Attaches; on return all of the process's threads are under it.</summary>
    /// <param name="process">Whose calls.</param>
    /// <param name="fault">What they meet.</param>
    /// <param name="folder">Where strace's output is kept.</param>
    public static async Task<FaultInjector> AttachAsync(ManagedProcess process, SystemCallFault fault, string folder)
    {
        var calls = Path.Combine(folder, $"strace-{process.Id}-{Guid.NewGuid():N}");
        var strace = ManagedProcess.Start(
            "strace", Repository.Tool("strace"), ["-f", "-o", calls, .. fault.Arguments, "-p", $"{process.Id}"], calls + ".log", calls + ".ready");
        var injector = new FaultInjector(strace, calls);
        try
        {
            // The process may be killed, and strace end with it, as soon as it is there.
            bool IsAttached() => strace.LogTail().Contains("attached", StringComparison.Ordinal);
            await Eventually.TrueAsync("strace is attached", () => Task.FromResult(strace.HasExited || IsAttached()));
            return IsAttached() ? injector : throw new InvalidOperationException($"strace could not attach: {strace.LogTail()}");
        }
        catch
        {
            await injector.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until a call has met its error or its delay.</summary>
    public Task StruckAsync() => Eventually.TrueAsync("a system call meets its fault", () => Task.FromResult(HasStruck));

    /// <summary>Detaches: the process goes on undisturbed.</summary>
    public async ValueTask DisposeAsync()
    {
        await _strace.TerminateAsync();
        await _strace.DisposeAsync();
    }
}
