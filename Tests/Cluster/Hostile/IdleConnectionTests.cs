using System.Net.Sockets;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Link;
using Tidegate.Tests.Cluster.Link;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>Strangers who connect to the link port and say nothing, by the thousand.</summary>
[Collection(GuardedPairCollection.Name)]
public sealed class IdleConnectionTests(GuardedPair pair)
{
    private const int Idle = 2000;

    [Fact]
    public async Task Two_thousand_connections_that_say_nothing_keep_nobody_out_and_disturb_nobody()
    {
        await using var bystander = await LinkedAgent.ConnectAsync(pair.Second);
        var sockets = new List<Socket>();
        try
        {
            while (sockets.Count < Idle)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                await TryConnectAsync(socket);
                if (sockets.Count % 500 == 0) await bystander.WorksAsync();
            }

            // All but those that may be under way at once are hung up on.
            var closed = sockets.Select(ClosedAsync).ToList();
            for (var refused = 0; refused < Idle - LinkLimits.Handshakes; refused++) closed.Remove(await Task.WhenAny(closed).OrHungAsync());
            // And those give way to an agent.
            await using var late = await ConnectAsync();
            await late.WorksAsync();
            await bystander.WorksAsync();
        }
        finally
        {
            foreach (var socket in sockets) socket.Dispose();
        }
    }

    /// <summary>As an agent does: again, until it is let in.</summary>
    private async Task<LinkedAgent> ConnectAsync()
    {
        var gateway = await pair.Second.NewGatewayAsync();
        for (var since = TimeProvider.System.GetTimestamp(); ;)
        {
            try
            {
                return await LinkedAgent.ConnectAsync(pair.Second, gateway);
            }
            catch (TidegateException full) when (full.IsTransient && TimeProvider.System.GetElapsedTime(since) < Hanging.Limit)
            {
                // The connections are younger than a second.
            }
        }
    }

    /// <summary>A connection may be hung up on before the client's end of it is made.</summary>
    private async Task TryConnectAsync(Socket socket)
    {
        try
        {
            await socket.ConnectAsync(pair.Second.LinkPort);
        }
        catch (SocketException reset) when (reset.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            // Counted with those that are hung up on later.
        }
    }

    private static async Task ClosedAsync(Socket socket)
    {
        try
        {
            while (await socket.ReceiveAsync(new byte[64]) > 0)
            {
            }
        }
        catch (Exception reset) when (reset is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Hung up on in another way.
        }
    }
}
