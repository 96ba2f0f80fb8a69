using System.Buffers.Binary;
using System.Text;
using Tidegate.GatewayAgent.Nbd.Wire;
using Xunit;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>The handshake as docs/protocols/nbd.md gives it, and every way of breaking it.</summary>
public sealed class HandshakeTests
{
    [Fact]
    public async Task Server_opens_with_the_fixed_newstyle_greeting()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        Assert.Equal("NBDMAGICIHAVEOPT\0\u0003", Encoding.ASCII.GetString(await client.ReceiveAsync(18)));
    }

    [Fact]
    public async Task Go_describes_the_export_and_starts_transmission()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionAsync(NbdOption.Go, [.. RawClient.Name("disk"), 0, 1, 0, 1]);
        var export = await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.Info);
        // INFO_EXPORT, 1 MiB, and every flag but READ_ONLY and SEND_DF (no structured replies).
        Assert.Equal("0000" + "0000000000100000" + "0D6D", Convert.ToHexString(export));
        var sizes = await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.Info);
        Assert.Equal("0003" + "00000200" + "00001000" + "02000000", Convert.ToHexString(sizes));
        Assert.Equal("\0\u0001disk", Encoding.UTF8.GetString(await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.Info)));
        await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.Ack);
        await client.SendRequestAsync(NbdCommand.Read, 0, 512);
        Assert.Equal(NbdError.None, (await client.ReceiveReplyAsync(512)).Error);
    }

    [Fact]
    public async Task Info_describes_and_goes_on_with_options()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionAsync(NbdOption.Info, [.. RawClient.Name(""), 0, 0]);
        await client.ExpectOptionReplyAsync(NbdOption.Info, NbdOptionReply.Info);
        await client.ExpectOptionReplyAsync(NbdOption.Info, NbdOptionReply.Info);
        await client.ExpectOptionReplyAsync(NbdOption.Info, NbdOptionReply.Ack);
        await server.Exports.Idle;
        await client.SendOptionAsync(NbdOption.Abort);
        await client.ExpectOptionReplyAsync(NbdOption.Abort, NbdOptionReply.Ack);
        Assert.True(await client.IsClosedAsync());
    }

    [Fact]
    public async Task Read_only_export_offers_no_writing()
    {
        await using var server = await ServerUnderTest.StartAsync(new ScriptedDevice(4096, isReadOnly: true));
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionAsync(NbdOption.Info, [.. RawClient.Name("disk"), 0, 0]);
        var export = await client.ExpectOptionReplyAsync(NbdOption.Info, NbdOptionReply.Info);
        Assert.Equal(
            NbdTransmissionFlags.HasFlags | NbdTransmissionFlags.ReadOnly | NbdTransmissionFlags.SendFlush | NbdTransmissionFlags.SendCache | NbdTransmissionFlags.CanMultiConn,
            (NbdTransmissionFlags)BinaryPrimitives.ReadUInt16BigEndian(export.AsSpan(10)));
    }

    [Fact]
    public async Task List_names_every_export()
    {
        await using var server = await ServerUnderTest.StartAsync(others: ("other", new ScriptedDevice(4096)));
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionAsync(NbdOption.List);
        Assert.Equal(RawClient.Name("disk"), await client.ExpectOptionReplyAsync(NbdOption.List, NbdOptionReply.Server));
        Assert.Equal(RawClient.Name("other"), await client.ExpectOptionReplyAsync(NbdOption.List, NbdOptionReply.Server));
        await client.ExpectOptionReplyAsync(NbdOption.List, NbdOptionReply.Ack);
    }

    [Theory]
    [InlineData(true, 10)]
    [InlineData(false, 134)]
    public async Task Export_name_starts_transmission_with_and_without_padding(bool noZeroes, int replyBytes)
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync(noZeroes ? 3u : 1u);
        await client.SendOptionAsync(NbdOption.ExportName, "disk"u8.ToArray());
        Assert.Equal(1024 * 1024, BinaryPrimitives.ReadInt64BigEndian(await client.ReceiveAsync(replyBytes)));
        await client.SendRequestAsync(NbdCommand.Flush, 0, 0);
        Assert.Equal(NbdError.None, (await client.ReceiveReplyAsync()).Error);
    }

    [Fact]
    public async Task Export_name_of_nothing_closes()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionAsync(NbdOption.ExportName, "dusk"u8.ToArray());
        Assert.True(await client.IsClosedAsync());
        await server.Log.ContainsAsync("there is no export 'dusk'");
    }

    [Theory]
    [InlineData(5u)] // STARTTLS
    [InlineData(11u)] // EXTENDED_HEADERS
    [InlineData(0xdeadbeefu)]
    public async Task Unknown_option_is_unsupported_and_the_handshake_goes_on(uint option)
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionHeaderAsync(option, 3, 1, 2, 3);
        await client.ExpectOptionReplyAsync((NbdOption)option, NbdOptionReply.ErrorUnsupported);
        await client.SendOptionAsync(NbdOption.List);
        await client.ExpectOptionReplyAsync(NbdOption.List, NbdOptionReply.Server);
    }

    public static TheoryData<NbdOptionCase> Malformed =>
    [
        new NbdOptionCase("go without anything", 7, []),
        new NbdOptionCase("go with a name longer than the data", 7, [0, 0, 0, 9, 1]),
        new NbdOptionCase("go with a name length near 2^32", 7, [255, 255, 255, 255, 1]),
        new NbdOptionCase("go without the count", 7, [.. RawClient.Name("disk"), 0]),
        new NbdOptionCase("go with fewer requests than announced", 7, [.. RawClient.Name("disk"), 0, 2, 0, 1]),
        new NbdOptionCase("go with data behind", 7, [.. RawClient.Name("disk"), 0, 0, 9]),
        new NbdOptionCase("go with a name that is not UTF-8", 7, [0, 0, 0, 1, 0xff, 0, 0]),
        new NbdOptionCase("go with a name of 4097 bytes", 7, [.. RawClient.Name(new string('a', 4097)), 0, 0]),
        new NbdOptionCase("list with data", 3, [1]),
        new NbdOptionCase("structured reply with data", 8, [1]),
        new NbdOptionCase("set of contexts before structured replies", 10, [.. RawClient.Name("disk"), 0, 0, 0, 1, .. RawClient.Name("base:allocation")]),
        new NbdOptionCase("list of contexts cut short", 9, [.. RawClient.Name("disk"), 0, 0, 0, 1, 0, 0, 0, 99, 1]),
        new NbdOptionCase("list of four billion contexts", 9, [.. RawClient.Name("disk"), 255, 255, 255, 255]),
        new NbdOptionCase("list of contexts with data behind", 9, [.. RawClient.Name("disk"), 0, 0, 0, 0, 1]),
    ];

    [Theory, MemberData(nameof(Malformed))]
    public async Task Malformed_option_is_invalid_and_the_handshake_goes_on(NbdOptionCase option)
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionHeaderAsync(option.Option, (uint)option.Data.Length, option.Data);
        var message = await client.ExpectOptionReplyAsync((NbdOption)option.Option, NbdOptionReply.ErrorInvalid);
        Assert.NotEmpty(message);
        await client.SendOptionAsync(NbdOption.List);
        await client.ExpectOptionReplyAsync(NbdOption.List, NbdOptionReply.Server);
    }

    [Theory]
    [InlineData(NbdOptionCodes.Go)]
    [InlineData(NbdOptionCodes.Info)]
    public async Task Unknown_export_is_said_by_name(uint option)
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionHeaderAsync(option, 10, [.. RawClient.Name("dusk"), 0, 0]);
        Assert.Contains("'dusk'", Encoding.UTF8.GetString(await client.ExpectOptionReplyAsync((NbdOption)option, NbdOptionReply.ErrorUnknown)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Option_above_the_limit_is_skipped_and_said_to_be_too_big()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionAsync(NbdOption.Go, new byte[8193]);
        await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.ErrorTooBig);
        await client.SendOptionAsync(NbdOption.List);
        await client.ExpectOptionReplyAsync(NbdOption.List, NbdOptionReply.Server);
    }

    [Theory]
    [InlineData(65537u)]
    [InlineData(uint.MaxValue)]
    public async Task Absurd_option_closes_and_names_the_limit(uint length)
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionHeaderAsync(7, length);
        Assert.True(await client.IsClosedAsync());
        Assert.Contains("127.0.0.1", await server.Log.ContainsAsync($"option 7 carries {length} bytes"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0u, "does not speak fixed newstyle")]
    [InlineData(2u, "does not speak fixed newstyle")]
    [InlineData(7u, "were not offered")]
    public async Task Wrong_client_flags_close(uint flags, string reason)
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync(flags);
        Assert.True(await client.IsClosedAsync());
        await server.Log.ContainsAsync(reason);
    }

    [Fact]
    public async Task Bad_option_magic_closes()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendAsync("GET / HTTP/1.1\r\n"u8.ToArray());
        Assert.True(await client.IsClosedAsync());
        await server.Log.ContainsAsync("an option does not begin with the magic number");
    }

    [Fact]
    public async Task Too_many_options_close()
    {
        await using var server = await ServerUnderTest.StartAsync(configure: o => o.MaxOptions = 5);
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        for (var i = 0; i < 5; i++)
        {
            await client.SendOptionAsync((NbdOption)77);
            await client.ExpectOptionReplyAsync((NbdOption)77, NbdOptionReply.ErrorUnsupported);
        }
        Assert.True(await client.IsClosedAsync());
        await server.Log.ContainsAsync("more than 5 options");
    }

    [Fact]
    public async Task Slow_handshake_is_cut_off()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        await client.SendOptionAsync((NbdOption)77);
        await client.ExpectOptionReplyAsync((NbdOption)77, NbdOptionReply.ErrorUnsupported);
        server.Time.Advance(TimeSpan.FromSeconds(14.9));
        await client.SendOptionAsync((NbdOption)77);
        await client.ExpectOptionReplyAsync((NbdOption)77, NbdOptionReply.ErrorUnsupported);
        server.Time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.True(await client.IsClosedAsync());
        await server.Log.ContainsAsync("the handshake took longer than 15 s");
    }

    [Fact]
    public async Task Handshake_limit_does_not_reach_into_transmission()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.InTransmissionAsync();
        await client.SendRequestAsync(NbdCommand.Flush, 0, 0);
        await client.ReceiveReplyAsync();
        server.Time.Advance(TimeSpan.FromHours(1));
        await client.SendRequestAsync(NbdCommand.Flush, 0, 0);
        Assert.Equal(NbdError.None, (await client.ReceiveReplyAsync()).Error);
    }

    [Fact]
    public async Task Contexts_are_listed_and_selected()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await server.ConnectAsync();
        await client.GreetAsync();
        foreach (var (query, found) in new[] { ("base:", true), ("base:allocation", true), ("qemu:dirty-bitmap:x", false) })
        {
            await client.SendOptionAsync(NbdOption.ListMetaContext, [.. RawClient.Name("disk"), 0, 0, 0, 1, .. RawClient.Name(query)]);
            if (found)
                await client.ExpectOptionReplyAsync(NbdOption.ListMetaContext, NbdOptionReply.MetaContext);
            await client.ExpectOptionReplyAsync(NbdOption.ListMetaContext, NbdOptionReply.Ack);
        }
        await client.SendOptionAsync(NbdOption.ListMetaContext, [.. RawClient.Name("disk"), 0, 0, 0, 0]);
        await client.ExpectOptionReplyAsync(NbdOption.ListMetaContext, NbdOptionReply.MetaContext);
        await client.ExpectOptionReplyAsync(NbdOption.ListMetaContext, NbdOptionReply.Ack);
    }

    /// <summary>A malformed option and what is wrong with it.</summary>
    public sealed record NbdOptionCase(string What, uint Option, byte[] Data)
    {
        public override string ToString() => What;
    }

    private static class NbdOptionCodes
    {
        public const uint Info = 6;
        public const uint Go = 7;
    }
}
