using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Kit.Nbd;

/// <summary>An export as a file, by <c>nbdfuse</c>: what makes and checks file systems on a device does so on it. Needs FUSE (<c>/dev/fuse</c>).</summary>
public sealed class MountedExport : IAsyncDisposable
{
    private readonly string _folder;
    private readonly ManagedProcess _process;

    private MountedExport(string folder, ManagedProcess process) => (_folder, _process) = (folder, process);

    /// <summary>The file whose bytes are the export's.</summary>
    public string Path => System.IO.Path.Combine(_folder, "mount", "nbd");

    public static async Task<MountedExport> MountAsync(string uri)
    {
        var folder = Directory.CreateTempSubdirectory("tidegate-fuse-").FullName;
        var mount = Directory.CreateDirectory(System.IO.Path.Combine(folder, "mount")).FullName;
        var log = System.IO.Path.Combine(folder, "log");
        var mounted = new MountedExport(folder, ManagedProcess.Start("nbdfuse", Repository.Tool("nbdfuse"), [mount + "/", uri], log, log + ".ready"));
        try
        {
            await Eventually.TrueAsync("the export is mounted", () => Task.FromResult(mounted._process.HasExited || File.Exists(mounted.Path)));
            return !mounted._process.HasExited ? mounted : throw new InvalidOperationException($"nbdfuse could not mount {uri}: {mounted._process.LogTail()}");
        }
        catch
        {
            await mounted.DisposeAsync();
            throw;
        }
    }

    /// <summary>Unmounts, which flushes what was written.</summary>
    public async ValueTask DisposeAsync()
    {
        // SIGTERM has nbdfuse unmount and disconnect in order.
        await _process.TerminateAsync();
        await _process.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
