using System.Net;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>A private PostgreSQL over a temporary folder and a free loopback port, with an empty database.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly string _folder;
    private readonly string _binaries;
    private readonly HeldPorts _port;

    private PostgresServer(string folder, string binaries, HeldPorts port)
    {
        _folder = folder;
        _binaries = binaries;
        _port = port;
        ConnectionString = $"Host=127.0.0.1;Port={port[0].Port};Username=tidegate;Database=postgres;Maximum Pool Size=40";
    }

    /// <summary>For Npgsql.</summary>
    public string ConnectionString { get; }

    /// <summary>Has a silo keep its state here.</summary>
    public IReadOnlyDictionary<string, string> SiloSettings => new Dictionary<string, string>
    {
        ["Tidegate__State__Provider"] = "postgres",
        ["Tidegate__State__ConnectionString"] = ConnectionString,
    };

    public static async Task<PostgresServer> StartAsync()
    {
        var binaries = Directory.Exists("/usr/lib/postgresql")
            ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")).Where(d => File.Exists(Path.Combine(d, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault()
            : null;
        if (binaries is null) throw new FileNotFoundException("PostgreSQL's server programs are missing on this machine; './dev deps' installs them.");
        var folder = Directory.CreateTempSubdirectory("tidegate-pg-").FullName;
        // The server refuses to run as root; its package made an account for it.
        if (Environment.UserName == "root") (await ProgramRunner.RunAsync("/bin/chown", ["postgres", folder])).Succeeded();
        // Nobody else gets its port while it is made and whenever it is down.
        var server = new PostgresServer(folder, binaries, new HeldPorts([new IPEndPoint(IPAddress.Loopback, 0)]));
        await server.AsOwnerAsync("initdb", "-D", Path.Combine(folder, "data"), "-U", "tidegate", "-A", "trust", "-E", "UTF8", "--locale=C");
        await server.RestartAsync();
        return server;
    }

    /// <summary>Stops it at once if it runs, and starts it again on its port.</summary>
    public async Task RestartAsync()
    {
        await AsOwnerAsync("pg_ctl", "-D", Path.Combine(_folder, "data"), "-w", "-m", "immediate", "-l", Path.Combine(_folder, "log"),
            "-o", $"-h 127.0.0.1 -p {PortText} -k {_folder}", File.Exists(Path.Combine(_folder, "data", "postmaster.pid")) ? "restart" : "start");
    }

    /// <summary>Drops the database under whoever is connected, and makes an empty one of its name.</summary>
    public Task DropDatabaseAsync() => AsOwnerAsync(
        "psql", "-h", "127.0.0.1", "-p", PortText, "-U", "tidegate", "-d", "template1", "-v", "ON_ERROR_STOP=1",
        "-c", "DROP DATABASE postgres WITH (FORCE)", "-c", "CREATE DATABASE postgres");

    public async ValueTask DisposeAsync()
    {
        await AsOwnerAsync("pg_ctl", "-D", Path.Combine(_folder, "data"), "-w", "-m", "immediate", "stop");
        _port.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string PortText => ConnectionString.Split(';').First(p => p.StartsWith("Port=", StringComparison.Ordinal))["Port=".Length..];

    private async Task AsOwnerAsync(string program, params string[] arguments)
    {
        string[] command = [Path.Combine(_binaries, program), .. arguments];
        var run = Environment.UserName == "root"
            ? ProgramRunner.RunAsync("/usr/sbin/runuser", ["-u", "postgres", "--", "/bin/sh", "-c", "\"$0\" \"$@\" >/dev/null 2>&1 </dev/null", .. command])
            : ProgramRunner.RunAsync("/bin/sh", ["-c", "\"$0\" \"$@\" >/dev/null 2>&1 </dev/null", .. command]);
        var result = await run;
        if (result.ExitCode != 0)
        {
            var log = Path.Combine(_folder, "log");
            throw new InvalidOperationException($"{program} exited with {result.ExitCode}: {(File.Exists(log) ? await File.ReadAllTextAsync(log) : result.Errors)}");
        }
    }
}
