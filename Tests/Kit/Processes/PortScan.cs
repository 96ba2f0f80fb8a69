using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>Which TCP ports take connections: by trying all of them, and by what the kernel says that a process listens on.</summary>
public static class PortScan
{
    private const int AtOnce = 512;
    private const string Listening = "0A";

    /// <summary>Every port of 1 to 65535 of the address that a connection can be made to.</summary>
    public static async Task<IReadOnlySet<int>> ConnectToAllAsync(IPAddress address)
    {
        var (open, next) = (new SortedSet<int>(), 0);
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var port and <= ushort.MaxValue)
            {
                if (!await IsOpenAsync(new IPEndPoint(address, port))) continue;
                lock (open) open.Add(port);
            }
        }));
        return open;
    }

    /// <summary>What the process listens on, of both address families, from <c>/proc</c>: address in the kernel's hexadecimal, and port.</summary>
    public static IReadOnlySet<(string Address, int Port)> ListenersOf(int processId)
    {
        var sockets = Directory.GetFiles($"/proc/{processId}/fd")
            .Select(static descriptor => new FileInfo(descriptor).LinkTarget ?? "").Where(static target => target.StartsWith("socket:[", StringComparison.Ordinal))
            .Select(static target => target["socket:[".Length..^1]).ToHashSet();
        return new[] { "tcp", "tcp6" }
            .SelectMany(family => File.ReadLines($"/proc/{processId}/net/{family}").Skip(1))
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[3] == Listening && sockets.Contains(fields[9]))
            .Select(static fields => fields[1].Split(':'))
            .Select(static local => (local[0], int.Parse(local[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture)))
            .ToHashSet();
    }

    private static async Task<bool> IsOpenAsync(IPEndPoint port)
    {
        using var socket = new Socket(port.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var attempt = new SocketAsyncEventArgs { RemoteEndPoint = port };
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        attempt.Completed += (_, _) => done.TrySetResult();
        if (socket.ConnectAsync(attempt)) await done.Task;
        // A port that is scanned from itself connects to itself: nobody listens there.
        return attempt.SocketError == SocketError.Success && !port.Equals(socket.LocalEndPoint);
    }
}
