using System.Buffers.Binary;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.Nbd.Wire;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Nbd;
using Xunit;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>
/// <c>CAN_MULTI_CONN</c> means what it says: a flush on one connection makes durable what was acknowledged on any before it, and
/// what one connection was told is written, every other reads. Power is lost after every run, on a disk that forgets what was
/// not synced.
/// </summary>
public sealed class MultiConnectionTests
{
    private const int Connections = 4;
    private const int Slots = 64;
    private const int SlotBytes = 4096;

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(4, false)]
    [InlineData(5, false)]
    [InlineData(6, false)]
    // Planted: a disk whose log is never synced.
    [InlineData(1, true)]
    public async Task A_flush_covers_what_was_acknowledged_on_every_connection(int seed, bool isPlanted)
    {
        var lost = 0;
        for (var run = 0; run < 4; run++)
            lost += await RunAsync(seed * 100 + run, isPlanted);
        if (isPlanted)
            Assert.NotEqual(0, lost);
        else
            Assert.Equal(0, lost);
    }

    /// <summary>Returns how many slots hold less than was promised.</summary>
    private static async Task<int> RunAsync(int seed, bool isPlanted)
    {
        var random = new Random(seed);
        var plan = new SimulatedDiskPlan();
        var disk = new LockedDisk(new SimulatedDisk(random, plan));
        LoggedVolume.Create(disk, Options());
        if (isPlanted)
            plan.IgnoresSyncOf = "log";
        var volume = LoggedVolume.Open(disk, Options());
        var promised = new int[Slots];
        var written = new int[Slots];
        LockedDisk after;
        await using (var server = new NbdServer(
            new FixedExports(("disk", volume)), new NbdServerOptions { Listen = [NbdListenAddress.Tcp(new IPEndPoint(IPAddress.Loopback, 0))] },
            TimeProvider.System, NullLogger<NbdServer>.Instance))
        {
            await server.StartAsync(CancellationToken.None);
            var clients = new List<RawClient>();
            for (var i = 0; i < Connections; i++)
                clients.Add(await RawClient.InTransmissionAsync(server.Addresses[0], "disk", structured: i % 2 == 0));
            var choices = new Random(seed);
            for (var round = 0; round < 6; round++)
            {
                // Slots of one round belong to one connection each, so that no writes overlap in flight.
                await Task.WhenAll(clients.Select((client, number) => WriteAsync(client, number, round, written, promised, choices.Next())));
                var acknowledged = written.ToArray();
                await ReadByAnotherAsync(clients[choices.Next(Connections)], written);
                if (choices.Next(3) == 0)
                    continue;
                var flushing = clients[choices.Next(Connections)];
                await flushing.SendRequestAsync(NbdCommand.Flush, 0, 0);
                Assert.Equal(NbdError.None, (await flushing.ReceiveReplyAsync()).Error);
                acknowledged.CopyTo(promised, 0);
            }
            // Power is lost under the running server; what its threads try from here on fails.
            after = disk.Restart(new SimulatedDiskPlan());
            foreach (var client in clients)
                client.Dispose();
        }
        LoggedVolume opened;
        try
        {
            opened = LoggedVolume.Open(after, Options());
        }
        catch (LogCorruptException)
        {
            // The log knows by itself that records are gone which it had called durable.
            return Slots;
        }
        await using var recovered = opened;
        var lost = 0;
        var slot = new byte[SlotBytes];
        for (var i = 0; i < Slots; i++)
        {
            await recovered.ReadAsync(i * SlotBytes, slot, CancellationToken.None);
            var version = BinaryPrimitives.ReadInt32BigEndian(slot);
            lost += version < promised[i] ? 1 : 0;
            Assert.InRange(version, 0, written[i]);
            Assert.True(slot.AsSpan().SequenceEqual(Slot(i, version)), $"slot {i} is torn");
        }
        return lost;
    }

    private static async Task WriteAsync(RawClient client, int number, int round, int[] written, int[] promised, int seed)
    {
        var random = new Random(seed);
        var pending = new Dictionary<ulong, bool>();
        List<byte> batch = [];
        for (var i = 0; i < Slots; i++)
        {
            if ((i + round) % Connections != number || random.Next(2) == 0)
                continue;
            written[i]++;
            var fua = random.Next(4) == 0;
            pending[(ulong)i] = fua;
            batch.AddRange(RawClient.Request(NbdCommand.Write, (ulong)i * SlotBytes, SlotBytes, fua ? NbdCommandFlags.Fua : 0, (ulong)i));
            batch.AddRange(Slot(i, written[i]));
        }
        await client.SendAsync([.. batch]);
        for (var left = pending.Count; left > 0; left--)
        {
            var reply = await client.ReceiveReplyAsync();
            Assert.Equal(NbdError.None, reply.Error);
            if (pending[reply.Cookie])
                promised[reply.Cookie] = written[reply.Cookie];
        }
    }

    private static async Task ReadByAnotherAsync(RawClient client, int[] written)
    {
        await client.SendRequestAsync(NbdCommand.Read, 0, Slots * SlotBytes, cookie: 9);
        var bytes = new byte[Slots * SlotBytes];
        while (true)
        {
            var reply = await client.ReceiveReplyAsync(bytes.Length);
            if (reply.Type == NbdChunk.OffsetData)
                reply.Data.AsSpan(8).CopyTo(bytes.AsSpan((int)BinaryPrimitives.ReadUInt64BigEndian(reply.Data)));
            else if (reply.Type == NbdChunk.None)
                reply.Data.CopyTo(bytes, 0);
            if (reply.IsLast)
                break;
        }
        for (var i = 0; i < Slots; i++)
            Assert.Equal(written[i], BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(i * SlotBytes)));
    }

    private static byte[] Slot(int number, int version)
    {
        var bytes = new byte[SlotBytes];
        if (version == 0)
            return bytes;
        new Random(number * 1000 + version).NextBytes(bytes);
        BinaryPrimitives.WriteInt32BigEndian(bytes, version);
        return bytes;
    }

    private static LoggedVolumeOptions Options() => new()
    {
        Log = new WriteLogOptions { VolumeId = "vol-multi", CapacityBytes = 16L << 20, RetainUntilCommitted = false },
        SizeBytes = Slots * SlotBytes,
    };
}
