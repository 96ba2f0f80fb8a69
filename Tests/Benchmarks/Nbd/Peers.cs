using Tidegate.Tests.Benchmarks.Harness;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.Benchmarks.Nbd;

/// <summary>Servers of others over a raw file each.</summary>
internal static class Peers
{
    public static async Task<ServerProcess> NbdkitAsync(BenchContext context, string file)
    {
        var tool = Repository.Tool("nbdkit");
        var version = (await context.RunAsync(tool, ["--version"])).Output.Trim();
        var port = ServerProcess.FreePort();
        return await ServerProcess.StartListeningAsync($"{version} file", $"nbd://127.0.0.1:{port}/", port,
            tool, "--foreground", "--ipaddr", "127.0.0.1", "--port", $"{port}", "file", file);
    }

    public static async Task<ServerProcess> QemuNbdAsync(BenchContext context, string file)
    {
        var tool = Repository.Tool("qemu-nbd");
        var version = (await context.RunAsync(tool, ["--version"])).Output.Split('\n')[0].Split(' ')[1];
        var port = ServerProcess.FreePort();
        return await ServerProcess.StartListeningAsync($"qemu-nbd {version} raw, writeback", $"nbd://127.0.0.1:{port}/", port,
            tool, "--format=raw", "--cache=writeback", "--persistent", "--shared=32", "--bind=127.0.0.1", $"--port={port}", file);
    }
}
