using System.Collections.Concurrent;
using Tidegate.GatewayAgent.Nbd.Wire;
using Xunit;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>Many requests at once, slow ones, clients that vanish, and stopping in the middle.</summary>
public sealed class ConcurrencyTests
{
    [Fact]
    public async Task Flush_delays_nothing_behind_it()
    {
        await using var server = await ServerUnderTest.StartAsync();
        var flush = new TaskCompletionSource();
        server.Device.Before = (request, _) => request == "flush" ? flush.Task : Task.CompletedTask;
        using var client = await server.InTransmissionAsync();
        await client.SendAsync([
            .. RawClient.Request(NbdCommand.Flush, 0, 0, cookie: 1),
            .. RawClient.Request(NbdCommand.Write, 0, 512, cookie: 2), .. new byte[512],
            .. RawClient.Request(NbdCommand.Read, 0, 512, cookie: 3)]);
        Assert.Equal(2ul, (await client.ReceiveReplyAsync()).Cookie);
        Assert.Equal(3ul, (await client.ReceiveReplyAsync()).Cookie);
        flush.SetResult();
        Assert.Equal(1ul, (await client.ReceiveReplyAsync()).Cookie);
    }

    [Fact]
    public async Task Requests_wait_at_the_limit_and_go_on_when_one_finishes()
    {
        await using var server = await ServerUnderTest.StartAsync(configure: o => o.MaxRequestsInFlight = 3);
        var gates = new ConcurrentQueue<TaskCompletionSource>();
        using var begun = new SemaphoreSlim(0);
        server.Device.Before = (_, _) =>
        {
            var gate = new TaskCompletionSource();
            gates.Enqueue(gate);
            begun.Release();
            return gate.Task;
        };
        using var client = await server.InTransmissionAsync();
        await client.SendAsync([.. Enumerable.Range(1, 5).SelectMany(i => RawClient.Request(NbdCommand.Read, 0, 512, cookie: (ulong)i))]);
        for (var i = 0; i < 3; i++)
            await begun.WaitAsync();
        Assert.Equal(3, server.Device.Requests.Count);
        for (var i = 1; i <= 5; i++)
        {
            Assert.True(gates.TryDequeue(out var gate));
            gate.SetResult();
            Assert.Equal((ulong)i, (await client.ReceiveReplyAsync()).Cookie);
            if (i <= 2)
                await begun.WaitAsync();
        }
    }

    [Fact]
    public async Task Write_cut_short_never_reaches_the_device()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using (var client = await server.InTransmissionAsync())
            await client.SendAsync([.. RawClient.Request(NbdCommand.Write, 0, 4096), .. new byte[4095]]);
        await server.Exports.Idle;
        Assert.Empty(server.Device.Requests);
    }

    [Fact]
    public async Task Large_write_cut_short_never_reaches_the_device()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using (var client = await server.InTransmissionAsync())
            await client.SendAsync([.. RawClient.Request(NbdCommand.Write, 0, 1024 * 1024), .. new byte[900_000]]);
        await server.Exports.Idle;
        Assert.Empty(server.Device.Requests);
    }

    [Fact]
    public async Task When_the_client_vanishes_reads_are_cancelled_and_writes_are_finished()
    {
        await using var server = await ServerUnderTest.StartAsync();
        var write = new TaskCompletionSource();
        using var begun = new SemaphoreSlim(0);
        var readCancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Device.Before = async (request, cancellationToken) =>
        {
            begun.Release();
            if (request.StartsWith("write", StringComparison.Ordinal))
            {
                await write.Task;
                return;
            }
            try
            {
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            finally
            {
                readCancelled.SetResult();
            }
        };
        using (var client = await server.InTransmissionAsync())
        {
            await client.SendAsync([
                .. RawClient.Request(NbdCommand.Write, 512, 512), .. Enumerable.Repeat((byte)7, 512),
                .. RawClient.Request(NbdCommand.Read, 0, 512)]);
            await begun.WaitAsync();
            await begun.WaitAsync();
        }
        await readCancelled.Task;
        Assert.False(server.Exports.Idle.IsCompleted);
        write.SetResult();
        await server.Exports.Idle;
        Assert.Equal(7, server.Device.Contents[512]);
    }

    [Fact]
    public async Task Disconnect_finishes_what_runs()
    {
        await using var server = await ServerUnderTest.StartAsync();
        var gate = new TaskCompletionSource();
        using var begun = new SemaphoreSlim(0);
        server.Device.Before = (_, _) =>
        {
            begun.Release();
            return gate.Task;
        };
        using var client = await server.InTransmissionAsync();
        await client.SendAsync([
            .. RawClient.Request(NbdCommand.Write, 0, 512, cookie: 5), .. new byte[512],
            .. RawClient.Request(NbdCommand.Disconnect, 0, 0)]);
        await begun.WaitAsync();
        gate.SetResult();
        Assert.Equal((5ul, NbdError.None), await StatusAsync(client));
        Assert.True(await client.IsClosedAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stopping_finishes_what_runs_and_refuses_the_rest(bool byRevocation)
    {
        await using var server = await ServerUnderTest.StartAsync();
        var gate = new TaskCompletionSource();
        using var begun = new SemaphoreSlim(0);
        // The first two requests block the reader inside the device, so that the third is received and not yet begun.
        using var readerHeld = new ManualResetEventSlim();
        server.Device.Before = (request, _) =>
        {
            begun.Release();
            if (request.StartsWith("write", StringComparison.Ordinal))
                return gate.Task;
            readerHeld.Wait(CancellationToken.None);
            return Task.CompletedTask;
        };
        using var client = await server.InTransmissionAsync();
        await client.SendAsync([
            .. RawClient.Request(NbdCommand.Write, 0, 512, cookie: 1), .. new byte[512],
            .. RawClient.Request(NbdCommand.Read, 0, 512, cookie: 2),
            .. RawClient.Request(NbdCommand.Write, 0, 512, cookie: 3), .. new byte[512]]);
        await begun.WaitAsync();
        await begun.WaitAsync();
        var stopped = Task.CompletedTask;
        if (byRevocation)
            server.Exports.Remove(ServerUnderTest.Export);
        else
            stopped = server.Server.StopAsync(CancellationToken.None);
        await server.Log.ContainsAsync("uses export");
        while (!byRevocation && await CanConnectAsync(server))
            await Task.Yield();
        readerHeld.Set();
        Assert.Equal((2ul, NbdError.None), await StatusAsync(client));
        Assert.Equal((3ul, NbdError.ShuttingDown), await StatusAsync(client));
        gate.SetResult();
        Assert.Equal((1ul, NbdError.None), await StatusAsync(client));
        Assert.True(await client.IsClosedAsync());
        await stopped;
        await server.Exports.Idle;
    }

    [Fact]
    public async Task Stopping_cuts_off_what_outlives_the_grace()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var begun = new SemaphoreSlim(0);
        server.Device.Before = (_, cancellationToken) =>
        {
            begun.Release();
            return Task.Delay(Timeout.Infinite, cancellationToken);
        };
        using var client = await server.InTransmissionAsync();
        await client.SendRequestAsync(NbdCommand.Read, 0, 512);
        await begun.WaitAsync();
        var stopped = server.Server.StopAsync(CancellationToken.None);
        while (await CanConnectAsync(server))
            await Task.Yield();
        Assert.False(stopped.IsCompleted);
        // The grace starts a moment after the listener has closed: move on until it has passed.
        while (!stopped.IsCompleted)
        {
            server.Time.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }
        await stopped;
        Assert.True(await client.IsClosedAsync());
        await server.Exports.Idle;
    }

    [Fact]
    public async Task Client_that_reads_no_replies_is_held_and_then_gets_every_byte()
    {
        await using var server = await ServerUnderTest.StartAsync(configure: o => o.MaxBytesInFlight = 32 * 1024 * 1024);
        var expected = TransmissionTests.Pattern(1024 * 1024, seed: 5);
        using (var writer = await server.InTransmissionAsync())
        {
            await writer.SendRequestAsync(NbdCommand.Write, 0, 1024 * 1024, payload: expected);
            await writer.ReceiveReplyAsync();
        }
        // Finished on another thread, so that the replies meet a full socket where nobody may wait.
        server.Device.Before = async (_, _) => await Task.Yield();
        using var client = await server.InTransmissionAsync();
        const int reads = 100;
        await client.SendAsync([.. Enumerable.Range(0, reads).SelectMany(i =>
            RawClient.Request(NbdCommand.Read, 0, 1024 * 1024, NbdCommandFlags.DontFragment, cookie: (ulong)i))]);
        var cookies = new HashSet<ulong>();
        for (var i = 0; i < reads; i++)
        {
            var reply = await client.ReceiveReplyAsync();
            Assert.True(reply.Data.AsSpan(8).SequenceEqual(expected));
            Assert.True(cookies.Add(reply.Cookie));
        }
    }

    /// <summary>
    /// A connection keeps sending requests of all sizes to places of its own while others do the same, the device finishes in
    /// any order, and every read must show what the connection wrote last.
    /// </summary>
    [Theory]
    [InlineData(11, true)]
    [InlineData(12, true)]
    [InlineData(13, false)]
    public async Task Random_requests_of_several_connections_keep_their_bytes(int seed, bool structured)
    {
        const int lanes = 16, laneBytes = 512 * 1024, connections = 3, rounds = 12;
        await using var server = await ServerUnderTest.StartAsync(new ScriptedDevice(connections * lanes * laneBytes));
        var order = new Random(seed);
        server.Device.Before = async (_, _) =>
        {
            int turns;
            lock (order)
                turns = order.Next(4);
            for (var i = 0; i < turns; i++)
                await Task.Yield();
        };
        await Task.WhenAll(Enumerable.Range(0, connections).Select(c => Task.Run(() => DriveAsync(c))));

        async Task DriveAsync(int connection)
        {
            var random = new Random(seed * 100 + connection);
            var model = new byte[lanes * laneBytes];
            var origin = (ulong)(connection * lanes * laneBytes);
            using var client = await server.InTransmissionAsync(structured);
            for (var round = 0; round < rounds; round++)
            {
                // One request a lane at a time, so that none overlap and the model is exact.
                var reads = new Dictionary<ulong, (int Offset, int Length)>();
                List<byte> batch = [];
                for (var lane = 0; lane < lanes; lane++)
                {
                    var length = random.Next(4) == 0 ? random.Next(1, laneBytes) : random.Next(1, 9000);
                    var offset = lane * laneBytes + random.Next(laneBytes - length);
                    var (cookie, at) = ((ulong)(round * lanes + lane), origin + (ulong)offset);
                    switch (random.Next(5))
                    {
                        case 0 or 1:
                            var data = new byte[length];
                            random.NextBytes(data);
                            data.CopyTo(model, offset);
                            batch.AddRange(RawClient.Request(NbdCommand.Write, at, (uint)length, cookie: cookie));
                            batch.AddRange(data);
                            break;
                        case 2:
                            model.AsSpan(offset, length).Clear();
                            batch.AddRange(RawClient.Request(NbdCommand.WriteZeroes, at, (uint)length, NbdCommandFlags.NoHole, cookie: cookie));
                            break;
                        default:
                            reads[cookie] = (offset, length);
                            batch.AddRange(RawClient.Request(NbdCommand.Read, at, (uint)length, NbdCommandFlags.None, cookie: cookie));
                            break;
                    }
                }
                var sending = client.SendAsync([.. batch]);
                for (var left = lanes; left > 0;)
                    left -= await CheckAsync(client, reads, model, origin) ? 1 : 0;
                await sending;
            }
        }
    }

    private static async Task<bool> CheckAsync(RawClient client, Dictionary<ulong, (int Offset, int Length)> reads, byte[] model, ulong origin)
    {
        var reply = await client.ReceiveReplyAsync(cookie => reads.TryGetValue(cookie, out var r) ? r.Length : 0);
        Assert.Equal(NbdError.None, reply.Error);
        if (!reads.TryGetValue(reply.Cookie, out var read))
            return true;
        var (at, data) = (read.Offset, reply.Data);
        if (reply.Type is NbdChunk.OffsetData or NbdChunk.OffsetHole)
        {
            at = (int)(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(data) - origin);
            data = reply.Type == NbdChunk.OffsetData
                ? data[8..]
                : new byte[System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(8))];
        }
        Assert.True(model.AsSpan(at, data.Length).SequenceEqual(data), $"request {reply.Cookie} read other bytes than were written at {at}");
        return reply.IsLast;
    }

    private static async Task<(ulong, NbdError)> StatusAsync(RawClient client)
    {
        var reply = await client.ReceiveReplyAsync();
        return (reply.Cookie, reply.Error);
    }

    private static async Task<bool> CanConnectAsync(ServerUnderTest server)
    {
        try
        {
            using var client = await server.ConnectAsync();
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
