using System.Buffers.Binary;
using Tidegate.GatewayAgent.Devices;
using Tidegate.GatewayAgent.Nbd.Wire;
using Xunit;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>Requests and replies as docs/protocols/nbd.md gives them, and every way of breaking them.</summary>
public sealed class TransmissionTests
{
    private const uint MiB = 1024 * 1024;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_written_is_read(bool structured)
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.InTransmissionAsync(structured);
        var data = Pattern(5000, seed: 1);
        await client.SendRequestAsync(NbdCommand.Write, 1000, 5000, NbdCommandFlags.Fua, cookie: 7, data);
        Assert.Equal((7ul, NbdError.None), await StatusAsync(client));
        await client.SendRequestAsync(NbdCommand.Read, 1000, 5000, cookie: 8);
        var reply = await client.ReceiveReplyAsync(5000);
        Assert.Equal(8ul, reply.Cookie);
        Assert.True(reply.IsLast);
        Assert.Equal(data, structured ? reply.Data[8..] : reply.Data);
        Assert.Contains("write 1000 5000 fua", server.Device.Requests);
    }

    [Fact]
    public async Task Modifying_requests_reach_the_device_as_asked()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.InTransmissionAsync();
        await client.SendRequestAsync(NbdCommand.Trim, 4096, 8192, NbdCommandFlags.Fua);
        await client.SendRequestAsync(NbdCommand.WriteZeroes, 512, 1024);
        await client.SendRequestAsync(NbdCommand.WriteZeroes, 0, 4096, NbdCommandFlags.FastZero);
        await client.SendRequestAsync(NbdCommand.WriteZeroes, 0, 2048, NbdCommandFlags.NoHole | NbdCommandFlags.Fua);
        await client.SendRequestAsync(NbdCommand.Flush, 0, 0);
        await client.SendRequestAsync(NbdCommand.Cache, 0, MiB);
        for (var i = 0; i < 6; i++)
            Assert.Equal(NbdError.None, (await client.ReceiveReplyAsync()).Error);
        Assert.Equal(["discard 4096 8192 fua", "zero 512 1024", "zero 0 4096", "write 0 2048 fua", "flush", $"read 0 {MiB}"], server.Device.Requests);
    }

    public static TheoryData<ushort, ushort, ulong, uint, uint> Refused => new()
    {
        { (ushort)NbdCommand.Read, 0, MiB, 1, (uint)NbdError.Invalid },
        { (ushort)NbdCommand.Read, 0, MiB - 1, 2, (uint)NbdError.Invalid },
        { (ushort)NbdCommand.Read, 0, ulong.MaxValue, 2, (uint)NbdError.Invalid },
        { (ushort)NbdCommand.Read, 0, ulong.MaxValue - 511, 512, (uint)NbdError.Invalid },
        { (ushort)NbdCommand.Read, 0, 0, 0, (uint)NbdError.Invalid },
        { (ushort)NbdCommand.Read, (ushort)NbdCommandFlags.NoHole, 0, 512, (uint)NbdError.Invalid },
        { (ushort)NbdCommand.Read, 0x8000, 0, 512, (uint)NbdError.Invalid },
        { (ushort)NbdCommand.Trim, 0, MiB, 512, (uint)NbdError.NoSpace },
        { (ushort)NbdCommand.Trim, (ushort)NbdCommandFlags.FastZero, 0, 512, (uint)NbdError.Invalid },
        { (ushort)NbdCommand.WriteZeroes, 0, 512, uint.MaxValue, (uint)NbdError.NoSpace },
        { (ushort)NbdCommand.WriteZeroes, (ushort)(NbdCommandFlags.NoHole | NbdCommandFlags.FastZero), 0, 512, (uint)NbdError.NotSupported },
        { (ushort)NbdCommand.WriteZeroes, 0, 0, 0, (uint)NbdError.Invalid },
        { (ushort)NbdCommand.Cache, 0, 0, MiB + 1, (uint)NbdError.Invalid },
        { (ushort)NbdCommand.BlockStatus, 0, 0, 0, (uint)NbdError.Invalid },
        { (ushort)NbdCommand.BlockStatus, 0, MiB, 512, (uint)NbdError.Invalid },
        { 8, 0, 0, 512, (uint)NbdError.Invalid },
        { 0xffff, 0, 0, 0, (uint)NbdError.Invalid },
    };

    [Theory, MemberData(nameof(Refused))]
    public async Task Request_against_the_rules_gets_its_error_and_the_next_is_served(ushort command, ushort flags, ulong offset, uint length, uint error)
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.InTransmissionAsync();
        await client.SendRequestAsync((NbdCommand)command, offset, length, (NbdCommandFlags)flags, cookie: 3);
        var reply = await client.ReceiveReplyAsync();
        Assert.Equal((3ul, (NbdError)error, NbdChunk.Error), (reply.Cookie, reply.Error, reply.Type));
        Assert.NotEmpty(reply.Message);
        Assert.Empty(server.Device.Requests);
        await client.SendRequestAsync(NbdCommand.Flush, 0, 0, cookie: 4);
        Assert.Equal((4ul, NbdError.None), await StatusAsync(client));
    }

    [Theory]
    [InlineData(0ul, 0u, NbdErrors.Invalid)]
    [InlineData(1024ul * 1024 - 512, 1024u, NbdErrors.NoSpace)]
    [InlineData(0ul, 33u * MiB, NbdErrors.NoSpace)]
    public async Task Refused_write_has_its_payload_skipped(ulong offset, uint length, uint error)
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.InTransmissionAsync();
        await client.SendRequestAsync(NbdCommand.Write, offset, length, cookie: 3, payload: new byte[length]);
        Assert.Equal((3ul, (NbdError)error), await StatusAsync(client));
        Assert.Empty(server.Device.Requests);
        await client.SendRequestAsync(NbdCommand.Flush, 0, 0, cookie: 4);
        Assert.Equal((4ul, NbdError.None), await StatusAsync(client));
    }

    [Fact]
    public async Task Oversized_read_is_refused_though_the_device_is_large_enough()
    {
        await using var server = await ServerUnderTest.StartAsync(new ScriptedDevice(40 * 1024 * 1024));
        using var client = await server.InTransmissionAsync();
        await client.SendRequestAsync(NbdCommand.Read, 0, 32 * MiB + 1);
        Assert.Contains("above the limit", (await client.ReceiveReplyAsync()).Message, StringComparison.Ordinal);
        await client.SendRequestAsync(NbdCommand.Read, 0, 32 * MiB, NbdCommandFlags.DontFragment);
        Assert.Equal(32 * MiB + 8, (uint)(await client.ReceiveReplyAsync()).Data.Length);
    }

    [Fact]
    public async Task Absurd_write_closes_and_names_the_limit()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.InTransmissionAsync();
        await client.SendRequestAsync(NbdCommand.Write, 0, 64 * MiB + 1);
        Assert.True(await client.IsClosedAsync());
        Assert.Contains("127.0.0.1", await server.Log.ContainsAsync("a write of 67108865 bytes is above the limit"), StringComparison.Ordinal);
        await server.Exports.Idle;
    }

    [Fact]
    public async Task Bad_request_magic_closes()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.InTransmissionAsync();
        await client.SendAsync(new byte[28]);
        Assert.True(await client.IsClosedAsync());
        await server.Log.ContainsAsync("a request does not begin with the magic number");
        await server.Exports.Idle;
    }

    [Fact]
    public async Task Write_to_a_read_only_export_is_not_permitted()
    {
        await using var server = await ServerUnderTest.StartAsync(new ScriptedDevice(4096, isReadOnly: true));
        using var client = await server.InTransmissionAsync();
        await client.SendRequestAsync(NbdCommand.Write, 0, 512, payload: new byte[512]);
        Assert.Equal(NbdError.NotPermitted, (await client.ReceiveReplyAsync()).Error);
    }

    [Theory]
    [InlineData(DeviceErrors.Io, NbdErrors.Io)]
    [InlineData(DeviceErrors.NoSpace, NbdErrors.NoSpace)]
    [InlineData(DeviceErrors.NotPermitted, NbdErrors.NotPermitted)]
    [InlineData(DeviceErrors.NotSupported, NbdErrors.NotSupported)]
    [InlineData(DeviceErrors.ShuttingDown, NbdErrors.ShuttingDown)]
    public async Task Device_failure_is_passed_on(int thrown, uint answered)
    {
        await using var server = await ServerUnderTest.StartAsync();
        server.Device.Before = (_, _) => throw new BlockDeviceException((DeviceError)thrown, "the disk said no");
        using var structured = await server.InTransmissionAsync();
        using var simple = await server.InTransmissionAsync(structured: false);
        foreach (var command in new[] { NbdCommand.Read, NbdCommand.Flush, NbdCommand.Trim, NbdCommand.WriteZeroes, NbdCommand.Cache })
        {
            await structured.SendRequestAsync(command, 0, 512);
            var reply = await structured.ReceiveReplyAsync();
            Assert.Equal(((NbdError)answered, "the disk said no"), (reply.Error, reply.Message));
            await simple.SendRequestAsync(command, 0, 512);
            Assert.Equal((NbdError)answered, (await simple.ReceiveReplyAsync()).Error);
        }
    }

    [Fact]
    public async Task Unexpected_failure_is_io_and_its_details_stay_in_the_log()
    {
        await using var server = await ServerUnderTest.StartAsync();
        server.Device.Before = (_, _) => throw new InvalidOperationException("secret detail");
        using var client = await server.InTransmissionAsync();
        await client.SendRequestAsync(NbdCommand.Read, 0, 512);
        var reply = await client.ReceiveReplyAsync();
        Assert.Equal(NbdError.Io, reply.Error);
        Assert.DoesNotContain("secret", reply.Message, StringComparison.Ordinal);
        await server.Log.ContainsAsync("failed unexpectedly");
    }

    [Fact]
    public async Task Large_read_leaves_out_holes_unless_fragments_are_forbidden()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.InTransmissionAsync();
        var data = Pattern(4096, seed: 2);
        await client.SendRequestAsync(NbdCommand.Write, 128 * 1024, 4096, payload: data);
        await client.ReceiveReplyAsync();

        await client.SendRequestAsync(NbdCommand.Read, 0, 300 * 1024, cookie: 9);
        var chunks = new List<RawClient.Reply>();
        do
            chunks.Add(await client.ReceiveReplyAsync());
        while (!chunks[^1].IsLast);
        Assert.Equal([NbdChunk.OffsetHole, NbdChunk.OffsetData, NbdChunk.OffsetHole], chunks.Select(c => c.Type));
        Assert.Equal("0000000000000000" + "00020000", Convert.ToHexString(chunks[0].Data));
        Assert.Equal(128 * 1024, BinaryPrimitives.ReadInt64BigEndian(chunks[1].Data));
        Assert.Equal([.. data, .. new byte[124 * 1024]], chunks[1].Data[8..]);
        Assert.Equal("0000000000040000" + "0000B000", Convert.ToHexString(chunks[2].Data));

        await client.SendRequestAsync(NbdCommand.Read, 0, 128 * 1024, NbdCommandFlags.DontFragment);
        var whole = await client.ReceiveReplyAsync();
        Assert.Equal((NbdChunk.OffsetData, true, 8 + 128 * 1024), (whole.Type, whole.IsLast, whole.Data.Length));
    }

    [Fact]
    public async Task A_large_read_is_put_together_from_runs_of_data_and_holes_in_every_mebibyte()
    {
        await using var server = await ServerUnderTest.StartAsync(new ScriptedDevice(4 * 1024 * 1024));
        using var client = await server.InTransmissionAsync();
        const int step = 128 * 1024;
        var expected = new byte[2 * 1024 * 1024 + 4096];
        // Data on both sides of a hole, over the boundary of a MiB, and in the short rest.
        foreach (var at in new[] { 0, step, 3 * step, 7 * step, 8 * step, 16 * step })
        {
            var piece = Pattern(4096, seed: at + 1);
            piece.CopyTo(expected, at);
            await client.SendRequestAsync(NbdCommand.Write, (ulong)at, 4096, payload: piece);
            await client.ReceiveReplyAsync();
        }

        await client.SendRequestAsync(NbdCommand.Read, 0, (uint)expected.Length, cookie: 9);
        var read = new byte[expected.Length];
        read.AsSpan().Fill(0xee);
        var runs = new List<(NbdChunk, int, int)>();
        RawClient.Reply chunk;
        do
        {
            chunk = await client.ReceiveReplyAsync();
            var offset = (int)BinaryPrimitives.ReadInt64BigEndian(chunk.Data);
            var isData = chunk.Type == NbdChunk.OffsetData;
            var length = isData ? chunk.Data.Length - 8 : BinaryPrimitives.ReadInt32BigEndian(chunk.Data.AsSpan(8));
            if (isData)
                chunk.Data.AsSpan(8).CopyTo(read.AsSpan(offset));
            else
                read.AsSpan(offset, length).Clear();
            runs.Add((chunk.Type, offset / step, length));
        }
        while (!chunk.IsLast);
        Assert.Equal(expected, read);
        Assert.Equal(
            [
                (NbdChunk.OffsetData, 0, 2 * step), (NbdChunk.OffsetHole, 2, step), (NbdChunk.OffsetData, 3, step), (NbdChunk.OffsetHole, 4, 3 * step),
                (NbdChunk.OffsetData, 7, step), (NbdChunk.OffsetData, 8, step), (NbdChunk.OffsetHole, 9, 7 * step), (NbdChunk.OffsetData, 16, 4096),
            ], runs);
    }

    [Theory]
    [InlineData(false, "00000001" + "00000800" + "00000003" + "00000200" + "00000000" + "00000300" + "00000003")]
    [InlineData(true, "00000001" + "00000800" + "00000003")]
    public async Task Block_status_joins_extents_and_keeps_to_the_range(bool one, string payload)
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.InTransmissionAsync();
        await client.SendRequestAsync(NbdCommand.Write, 2048, 512, payload: new byte[512]);
        await client.ReceiveReplyAsync();
        await client.SendRequestAsync(NbdCommand.BlockStatus, 0, 0xd00, one ? NbdCommandFlags.RequestOne : 0);
        var reply = await client.ReceiveReplyAsync();
        Assert.Equal((NbdChunk.BlockStatus, true), (reply.Type, reply.IsLast));
        Assert.Equal(payload, Convert.ToHexString(reply.Data));
    }

    [Fact]
    public async Task Block_status_without_the_context_is_refused()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.InTransmissionAsync(structured: false);
        await client.SendRequestAsync(NbdCommand.BlockStatus, 0, 512);
        Assert.Equal(NbdError.Invalid, (await client.ReceiveReplyAsync()).Error);
    }

    internal static byte[] Pattern(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static async Task<(ulong, NbdError)> StatusAsync(RawClient client)
    {
        var reply = await client.ReceiveReplyAsync();
        return (reply.Cookie, reply.Error);
    }

    // Attributes take constants of visible types only.
    private static class NbdErrors
    {
        public const uint NotPermitted = 1, Io = 5, Invalid = 22, NoSpace = 28, NotSupported = 95, ShuttingDown = 108;
    }

    private static class DeviceErrors
    {
        public const int NotPermitted = 1, Io = 5, NoSpace = 28, NotSupported = 95, ShuttingDown = 108;
    }
}
