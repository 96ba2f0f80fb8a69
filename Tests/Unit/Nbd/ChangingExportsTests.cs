using System.Buffers.Binary;
using System.Text;
using Tidegate.GatewayAgent.Nbd.Wire;
using Xunit;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>Exports that come, go and grow while clients are there (docs/protocols/nbd.md, Exports that change).</summary>
public sealed class ChangingExportsTests
{
    private const int MiB = 1024 * 1024;

    [Fact]
    public async Task Hundreds_of_exports_are_listed_and_each_can_be_had()
    {
        await using var server = await ServerUnderTest.StartAsync();
        var names = Enumerable.Range(0, 700).Select(i => $"volume {i:d4} {new string('ü', i % 100)}").ToList();
        foreach (var name in names)
            server.Exports.Add(name, new ScriptedDevice(4096));
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionAsync(NbdOption.List);
        foreach (var name in names.Prepend("disk"))
            Assert.Equal(RawClient.Name(name), await client.ExpectOptionReplyAsync(NbdOption.List, NbdOptionReply.Server));
        await client.ExpectOptionReplyAsync(NbdOption.List, NbdOptionReply.Ack);
        using var other = await RawClient.InTransmissionAsync(server.Address, names[^1]);
    }

    [Fact]
    public async Task A_list_that_nobody_reads_ends_with_the_time_of_the_handshake()
    {
        await using var server = await ServerUnderTest.StartAsync();
        for (var i = 0; i < 3000; i++)
            server.Exports.Add($"{i} {new string('x', 4000)}", new ScriptedDevice(4096));
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionAsync(NbdOption.List);
        await client.ExpectOptionReplyAsync(NbdOption.List, NbdOptionReply.Server);
        server.Time.Advance(TimeSpan.FromSeconds(15));
        await server.Log.ContainsAsync("longer than 15 s");
    }

    [Fact]
    public async Task An_export_that_is_added_is_there_at_once()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionAsync(NbdOption.Go, [.. RawClient.Name("late"), 0, 0]);
        Assert.Contains("no export 'late'", Encoding.UTF8.GetString(await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.ErrorUnknown)), StringComparison.Ordinal);
        server.Exports.Add("late", new ScriptedDevice(4096));
        await client.SendOptionAsync(NbdOption.Go, [.. RawClient.Name("late"), 0, 0]);
        await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.Info);
    }

    [Fact]
    public async Task An_export_that_is_removed_finishes_what_runs_and_leaves_the_others_alone()
    {
        await using var server = await ServerUnderTest.StartAsync(others: ("other", new ScriptedDevice(4096)));
        var gate = new TaskCompletionSource();
        using var begun = new SemaphoreSlim(0);
        server.Device.Before = (_, _) =>
        {
            begun.Release();
            return gate.Task;
        };
        using var leaving = await server.InTransmissionAsync();
        using var staying = await RawClient.InTransmissionAsync(server.Address, "other");
        await leaving.SendRequestAsync(NbdCommand.Write, 0, 512, NbdCommandFlags.Fua, payload: [.. Enumerable.Repeat((byte)9, 512)]);
        await begun.WaitAsync();
        server.Exports.Remove(ServerUnderTest.Export);
        using var late = await server.ConnectAsync();
        await late.GreetAsync();
        await late.SendOptionAsync(NbdOption.Go, [.. RawClient.Name(ServerUnderTest.Export), 0, 0]);
        await late.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.ErrorUnknown);
        gate.SetResult();
        Assert.Equal(NbdError.None, (await leaving.ReceiveReplyAsync()).Error);
        Assert.True(await leaving.IsClosedAsync());
        Assert.Equal(9, server.Device.Contents[511]);
        await staying.SendRequestAsync(NbdCommand.Flush, 0, 0);
        Assert.Equal(NbdError.None, (await staying.ReceiveReplyAsync()).Error);
    }

    [Fact]
    public async Task A_volume_that_grows_is_larger_for_new_clients_and_takes_more_from_old_ones()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var old = await server.InTransmissionAsync();
        await old.SendRequestAsync(NbdCommand.Write, MiB, 512, payload: new byte[512]);
        Assert.Equal(NbdError.NoSpace, (await old.ReceiveReplyAsync()).Error);
        server.Device.Grow(2 * MiB);
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionAsync(NbdOption.Info, [.. RawClient.Name("disk"), 0, 0]);
        var info = await client.ExpectOptionReplyAsync(NbdOption.Info, NbdOptionReply.Info);
        Assert.Equal(2ul * MiB, BinaryPrimitives.ReadUInt64BigEndian(info.AsSpan(2)));
        await old.SendRequestAsync(NbdCommand.Write, 2 * MiB - 512, 512, payload: [.. Enumerable.Repeat((byte)3, 512)]);
        Assert.Equal(NbdError.None, (await old.ReceiveReplyAsync()).Error);
        await old.SendRequestAsync(NbdCommand.BlockStatus, MiB, MiB);
        Assert.Equal(NbdChunk.BlockStatus, (await old.ReceiveReplyAsync()).Type);
        await old.SendRequestAsync(NbdCommand.Read, 2 * MiB, 512);
        Assert.Equal(NbdError.Invalid, (await old.ReceiveReplyAsync()).Error);
        Assert.Equal(3, server.Device.Contents[^1]);
    }
}
