using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.Nbd.Wire;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>One bound on the buffers of all sessions, kept fairly (docs/protocols/nbd.md, Memory).</summary>
public sealed class MemoryTests
{
    private const int MiB = 1024 * 1024;

    [Fact]
    public async Task Bytes_are_granted_in_the_order_of_asking()
    {
        var memory = new NbdMemory(10);
        memory.Grant(8, CancellationToken.None);
        var large = Task.Run(() => memory.Grant(6, CancellationToken.None));
        Wait(() => memory.IsWaitedFor);
        // It would fit, and it is not its turn.
        Assert.False(memory.TryGrant(1));
        var small = Task.Run(() => memory.Grant(5, CancellationToken.None));
        memory.Return(8, wereGranted: true);
        await large;
        Assert.False(small.IsCompleted);
        memory.Return(6, wereGranted: true);
        await small;
        Assert.Equal((5L, false), (memory.UsedBytes, memory.IsScarce));
    }

    [Fact]
    public void A_request_is_let_through_when_small_ones_hold_everything()
    {
        var memory = new NbdMemory(10);
        var held = memory.RentAtOnce(20);
        Assert.True(memory.IsScarce);
        Assert.True(memory.TryGrant(32));
        Assert.False(memory.TryGrant(1));
        memory.Rent(32, 32).Release();
        held.Release();
        Assert.Equal((0L, false), (memory.UsedBytes, memory.IsScarce));
    }

    [Fact]
    public async Task Whoever_is_cut_off_while_waiting_makes_room_for_the_next()
    {
        var memory = new NbdMemory(10);
        memory.Grant(5, CancellationToken.None);
        using var cutOff = new CancellationTokenSource();
        var first = Task.Run(() => memory.Grant(9, cutOff.Token), CancellationToken.None);
        Wait(() => memory.IsWaitedFor);
        var second = Task.Run(() => memory.Grant(5, CancellationToken.None), CancellationToken.None);
        await cutOff.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => first);
        await second;
        Assert.Equal(10, memory.UsedBytes);
    }

    [Fact]
    public async Task Large_requests_of_many_sessions_stay_within_the_bound_and_all_get_on()
    {
        const int sessions = 6, size = 16 * MiB, limit = 64 * MiB;
        await using var server = await ServerUnderTest.StartAsync(new ScriptedDevice(size), o => o.MaxBytesInAll = limit);
        var most = 0L;
        server.Device.Before = async (_, _) =>
        {
            // All that came in meanwhile has its bytes before any is finished.
            await Task.Yield();
            InterlockedMax(ref most, server.Server.BufferedBytes);
        };
        await Task.WhenAll(Enumerable.Range(0, sessions).Select(async number =>
        {
            using var client = await server.InTransmissionAsync(structured: number % 2 == 0);
            var payload = new byte[size];
            for (var round = 0; round < 3; round++)
            {
                await client.SendRequestAsync(NbdCommand.Write, 0, size, payload: payload);
                await client.SendRequestAsync(NbdCommand.Read, 0, size, cookie: 2);
                for (var replies = 0; replies < 2;)
                {
                    var reply = await client.ReceiveReplyAsync(cookie => cookie == 2 ? size : 0);
                    Assert.Equal(NbdError.None, reply.Error);
                    replies += reply.IsLast ? 1 : 0;
                }
            }
        }));
        await server.Exports.Idle;
        Assert.InRange(most, size, limit + sessions * MiB);
        Wait(() => server.Server.ConnectionCount == 0);
        Assert.Equal(0, server.Server.BufferedBytes);
    }

    [Fact]
    public async Task Small_requests_go_on_while_large_ones_wait()
    {
        await using var server = await ServerUnderTest.StartAsync(new ScriptedDevice(32 * MiB), o => o.MaxBytesInAll = 64 * MiB);
        var gate = new TaskCompletionSource();
        using var begun = new SemaphoreSlim(0);
        server.Device.Before = (request, _) =>
        {
            if (!request.StartsWith("write 0 ", StringComparison.Ordinal))
                return Task.CompletedTask;
            begun.Release();
            return gate.Task;
        };
        using var first = await server.InTransmissionAsync();
        await first.SendRequestAsync(NbdCommand.Write, 0, 32 * MiB, payload: new byte[32 * MiB]);
        await begun.WaitAsync();
        using var second = await server.InTransmissionAsync();
        var sending = second.SendRequestAsync(NbdCommand.Write, 0, 32 * MiB, payload: new byte[32 * MiB]);
        using var third = await server.InTransmissionAsync();
        // The second waits for its bytes and reads nothing of its payload; the third is served all the same.
        Wait(() => server.Server.IsWaitedFor);
        Assert.Single(server.Device.Requests);
        for (var i = 0; i < 100; i++)
        {
            await third.SendRequestAsync(NbdCommand.Read, 4096, 4096);
            Assert.Equal(NbdError.None, (await third.ReceiveReplyAsync()).Error);
        }
        gate.SetResult();
        Assert.Equal(NbdError.None, (await first.ReceiveReplyAsync()).Error);
        await sending;
        Assert.Equal(NbdError.None, (await second.ReceiveReplyAsync()).Error);
    }

    [Fact]
    public async Task A_client_that_takes_no_replies_loses_its_memory_to_those_who_wait()
    {
        await using var server = await ServerUnderTest.StartAsync(new ScriptedDevice(32 * MiB), o => o.MaxBytesInAll = 64 * MiB);
        using var stuck = await server.InTransmissionAsync(structured: false);
        await stuck.SendAsync([.. RawClient.Request(NbdCommand.Read, 0, 32 * MiB), .. RawClient.Request(NbdCommand.Read, 0, 31 * MiB)]);
        Wait(() => server.Server.BufferedBytes >= 32 * MiB);
        server.Time.Advance(TimeSpan.FromMinutes(10));
        using var other = await server.InTransmissionAsync(structured: false);
        // Nobody waited for it so far.
        Assert.Equal(2, server.Server.ConnectionCount);
        await other.SendRequestAsync(NbdCommand.Read, 0, 32 * MiB);
        Wait(() => server.Server.IsWaitedFor);
        // It takes its reply as it comes: time that goes on must not count against it.
        var reply = other.ReceiveReplyAsync(32 * MiB);
        while (server.Server.ConnectionCount == 2)
        {
            server.Time.Advance(TimeSpan.FromSeconds(15));
            await Task.Yield();
        }
        await server.Log.ContainsAsync("took none of its replies");
        Assert.Equal(NbdError.None, (await reply).Error);
    }

    private static void Wait(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, Hanging.Limit));

    private static void InterlockedMax(ref long most, long value)
    {
        for (var seen = Volatile.Read(ref most); value > seen;)
            seen = Interlocked.CompareExchange(ref most, value, seen);
    }
}
