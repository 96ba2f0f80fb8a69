using System.Diagnostics;
using Npgsql;
using Xunit;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>
/// A private PostgreSQL server: fresh data in a temporary directory, reachable by its Unix socket alone, gone when
/// disposed. Shared by a test collection; every test takes a database of its own.
/// </summary>
public sealed class PostgresServer : IAsyncLifetime
{
    private const string User = "postgres";
    private string _directory = "";
    private string _binaries = "";
    private int _databases;

    public async ValueTask InitializeAsync()
    {
        _binaries = FindBinaries();
        _directory = Directory.CreateTempSubdirectory("tg-pg-").FullName;
        File.SetUnixFileMode(_directory, (UnixFileMode)0b111_111_111);
        await RunAsync("initdb", "-D", Data, "-U", User, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync");
        // No TCP port: the socket's directory is private to this run. fsync stays on, because the silo refuses to start without it.
        await RunAsync("pg_ctl", "-D", Data, "-l", Path.Combine(_directory, "log"), "-w", "-o",
            $"-c listen_addresses='' -c unix_socket_directories='{_directory}' -c max_connections=200 -c shared_buffers=32MB", "start");
    }

    /// <summary>Creates an empty database; returns how to reach it.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test{Interlocked.Increment(ref _databases)}";
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await command.ExecuteNonQueryAsync();
        return ConnectionString(name);
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (_directory.Length == 0) return;
        await RunAsync("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");
        Directory.Delete(_directory, recursive: true);
    }

    private string Data => Path.Combine(_directory, "data");

    private string ConnectionString(string database) => $"Host={_directory};Username={User};Database={database};Maximum Pool Size=50";

    private static string FindBinaries()
    {
        const string root = "/usr/lib/postgresql";
        var found = Directory.Exists(root)
            ? Directory.GetDirectories(root).Select(version => Path.Combine(version, "bin")).Where(bin => File.Exists(Path.Combine(bin, "initdb"))).Max()
            : null;
        return found ?? throw new InvalidOperationException($"PostgreSQL's server programs are not under {root}. Run `./dev deps` to install the package postgresql.");
    }

    /// <summary>PostgreSQL refuses to run as root, so that a root test run starts it as the package's own user.</summary>
    private async Task RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        var isRoot = Environment.UserName == "root";
        start.FileName = isRoot ? "runuser" : Path.Combine(_binaries, program);
        if (isRoot)
        {
            foreach (var argument in new[] { "-u", User, "--", Path.Combine(_binaries, program) }) start.ArgumentList.Add(argument);
        }

        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        // The server inherits the pipes of pg_ctl; only pg_ctl's own end is waited for.
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await process.StandardError.ReadToEndAsync()}");
    }
}
