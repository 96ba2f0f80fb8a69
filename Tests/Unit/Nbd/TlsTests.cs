using System.Buffers.Binary;
using System.Security.Cryptography.X509Certificates;
using Tidegate.GatewayAgent.Nbd;
using Tidegate.GatewayAgent.Nbd.Wire;
using Tidegate.Tests.Kit.Nbd;
using Xunit;

namespace Tidegate.Tests.Unit.Nbd;

/// <summary>STARTTLS in its three modes, who is let in, and who tries to slip in (docs/protocols/nbd.md, TLS).</summary>
public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidegate-nbd-tls-").FullName;
    private readonly NbdPki _pki;

    public TlsTests() => _pki = new NbdPki(Path.Combine(_folder, "pki"), TimeProvider.System);

    public void Dispose()
    {
        _pki.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Where_tls_is_off_it_is_unsupported_and_the_session_goes_on()
    {
        await using var server = await ServerUnderTest.StartAsync();
        using var client = await GreetedAsync(server);
        await client.SendOptionAsync(NbdOption.StartTls);
        await client.ExpectOptionReplyAsync(NbdOption.StartTls, NbdOptionReply.ErrorUnsupported);
        await GoAsync(client);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_with_a_certificate_is_served_by_tls(bool isRequired)
    {
        await using var server = await StartAsync(isRequired ? NbdTlsMode.Required : NbdTlsMode.Allowed);
        using var client = await EncryptedAsync(server, "client");
        await GoAsync(client);
        await client.SendRequestAsync(NbdCommand.Write, 0, 512, NbdCommandFlags.Fua, payload: [.. Enumerable.Repeat((byte)7, 512)]);
        Assert.Equal(NbdError.None, (await client.ReceiveReplyAsync()).Error);
        await client.SendRequestAsync(NbdCommand.Read, 0, 512);
        Assert.Equal(7, (await client.ReceiveReplyAsync(512)).Data[511]);
        await server.Log.ContainsAsync("CN=client");
        await client.SendRequestAsync(NbdCommand.Disconnect, 0, 0);
        Assert.True(await client.IsClosedAsync());
    }

    [Fact]
    public async Task Where_tls_is_allowed_a_client_without_it_is_served_too()
    {
        await using var server = await StartAsync(NbdTlsMode.Allowed);
        using var client = await server.InTransmissionAsync();
    }

    [Fact]
    public async Task Where_tls_is_required_nothing_is_said_without_it()
    {
        await using var server = await StartAsync(NbdTlsMode.Required);
        using var client = await GreetedAsync(server);
        foreach (var option in new[] { NbdOption.List, NbdOption.Info, NbdOption.Go, NbdOption.StructuredReply, NbdOption.SetMetaContext, (NbdOption)77 })
        {
            await client.SendOptionAsync(option, [.. RawClient.Name("disk"), 0, 0]);
            await client.ExpectOptionReplyAsync(option, NbdOptionReply.ErrorTlsRequired);
        }
        await client.SendOptionAsync(NbdOption.Abort);
        await client.ExpectOptionReplyAsync(NbdOption.Abort, NbdOptionReply.Ack);
        using var old = await GreetedAsync(server);
        await old.SendOptionAsync(NbdOption.ExportName, [.. "disk"u8]);
        Assert.True(await old.IsClosedAsync());
        await server.Log.ContainsAsync("TLS is required");
        Assert.True(server.Exports.Idle.IsCompleted);
    }

    [Fact]
    public async Task Nothing_agreed_before_tls_holds_after_it()
    {
        await using var server = await StartAsync(NbdTlsMode.Allowed);
        using var client = await GreetedAsync(server);
        await client.SendOptionAsync(NbdOption.StructuredReply);
        await client.ExpectOptionReplyAsync(NbdOption.StructuredReply, NbdOptionReply.Ack);
        await client.SendOptionAsync(NbdOption.SetMetaContext, [.. RawClient.Name("disk"), 0, 0, 0, 1, .. RawClient.Name("base:allocation")]);
        await client.ExpectOptionReplyAsync(NbdOption.SetMetaContext, NbdOptionReply.MetaContext);
        await client.ExpectOptionReplyAsync(NbdOption.SetMetaContext, NbdOptionReply.Ack);
        await UpgradeAsync(client, "client");
        await client.SendOptionAsync(NbdOption.SetMetaContext, [.. RawClient.Name("disk"), 0, 0, 0, 1, .. RawClient.Name("base:allocation")]);
        await client.ExpectOptionReplyAsync(NbdOption.SetMetaContext, NbdOptionReply.ErrorInvalid);
        var flags = await GoAsync(client);
        Assert.Equal(NbdTransmissionFlags.None, flags & NbdTransmissionFlags.SendDf);
        await client.SendRequestAsync(NbdCommand.BlockStatus, 0, 512);
        Assert.Equal((NbdError.Invalid, NbdChunk.None), await client.ReceiveReplyAsync() is var reply ? (reply.Error, reply.Type) : default);
    }

    [Fact]
    public async Task Starttls_with_data_or_within_tls_is_invalid()
    {
        await using var server = await StartAsync(NbdTlsMode.Required);
        using var client = await GreetedAsync(server);
        await client.SendOptionAsync(NbdOption.StartTls, 1);
        await client.ExpectOptionReplyAsync(NbdOption.StartTls, NbdOptionReply.ErrorInvalid);
        await UpgradeAsync(client, "client");
        await client.SendOptionAsync(NbdOption.StartTls);
        await client.ExpectOptionReplyAsync(NbdOption.StartTls, NbdOptionReply.ErrorInvalid);
        await GoAsync(client);
    }

    [Fact]
    public async Task Plain_bytes_that_came_along_with_starttls_close_the_connection()
    {
        await using var server = await StartAsync(NbdTlsMode.Required);
        using var client = await GreetedAsync(server);
        byte[] startTls = [.. "IHAVEOPT"u8, 0, 0, 0, 5, 0, 0, 0, 0];
        await client.SendAsync([.. startTls, .. "IHAVEOPT"u8, 0, 0, 0, 3, 0, 0, 0, 0]);
        Assert.True(await client.IsClosedAsync());
        await server.Log.ContainsAsync("16 bytes in the clear");
    }

    [Fact]
    public async Task Plain_bytes_instead_of_a_tls_handshake_close_the_connection()
    {
        await using var server = await StartAsync(NbdTlsMode.Required);
        using var client = await GreetedAsync(server);
        await client.SendOptionAsync(NbdOption.StartTls);
        await client.ExpectOptionReplyAsync(NbdOption.StartTls, NbdOptionReply.Ack);
        await client.SendOptionAsync(NbdOption.List);
        await server.Log.ContainsAsync("the TLS handshake failed");
        await UntilGoneAsync(server);
    }

    [Fact]
    public async Task Endless_tls_handshake_is_cut_off()
    {
        await using var server = await StartAsync(NbdTlsMode.Required);
        using var client = await GreetedAsync(server);
        await client.SendOptionAsync(NbdOption.StartTls);
        await client.ExpectOptionReplyAsync(NbdOption.StartTls, NbdOptionReply.Ack);
        // The start of a handshake record that never comes to its end.
        await client.SendAsync(22, 3, 1, 2, 0, 1);
        server.Time.Advance(TimeSpan.FromSeconds(15));
        Assert.True(await client.IsClosedAsync());
        await server.Log.ContainsAsync("longer than 15 s");
    }

    [Theory]
    [InlineData("")]
    [InlineData("stranger")]
    [InlineData("late")]
    [InlineData("wrong-purpose")]
    public async Task A_client_without_a_good_certificate_gets_nothing(string name)
    {
        await using var server = await StartAsync(NbdTlsMode.Required);
        using var strangers = new NbdPki(Path.Combine(_folder, "strangers"), TimeProvider.System);
        strangers.IssueClient("stranger");
        _pki.IssueClient("late", daysLeft: -1);
        _pki.IssueServer("wrong-purpose");
        using var certificate = name.Length == 0 ? null : (name == "stranger" ? strangers : _pki).Load(name);
        using var client = await GreetedAsync(server);
        await client.SendOptionAsync(NbdOption.StartTls);
        await client.ExpectOptionReplyAsync(NbdOption.StartTls, NbdOptionReply.Ack);
        try
        {
            await client.StartTlsAsync(certificate);
            await client.SendOptionAsync(NbdOption.List);
            Assert.True(await client.IsClosedAsync());
        }
        catch (Exception refused) when (refused is IOException or System.Security.Authentication.AuthenticationException)
        {
            // Told within the handshake already.
        }
        await server.Log.ContainsAsync("the TLS handshake failed");
        await UntilGoneAsync(server);
    }

    [Fact]
    public async Task A_revoked_client_gets_nothing_and_the_others_are_served()
    {
        _pki.IssueClient("lost");
        await using var server = await StartAsync(NbdTlsMode.Required, _pki.Files with { ClientRevocationFile = _pki.Revoke("lost") });
        using (var good = await EncryptedAsync(server, "client"))
            await GoAsync(good);
        using var client = await GreetedAsync(server);
        try
        {
            await UpgradeAsync(client, "lost");
            await client.SendOptionAsync(NbdOption.List);
            Assert.True(await client.IsClosedAsync());
        }
        catch (Exception refused) when (refused is IOException or System.Security.Authentication.AuthenticationException)
        {
            // Told within the handshake already.
        }
        await server.Log.ContainsAsync("the TLS handshake failed");

        // A newer list counts from the next connection on.
        _pki.Revoke("lost", "client");
        using var late = await GreetedAsync(server);
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await UpgradeAsync(late, "client");
            await GoAsync(late);
        });
    }

    [Fact]
    public void A_list_that_no_client_ca_signed_or_that_is_none_is_a_fault()
    {
        using var strangers = new NbdPki(Path.Combine(_folder, "strangers"), TimeProvider.System);
        var notOne = Path.Combine(_folder, "none.pem");
        File.WriteAllText(notOne, "nothing");
        var forged = Path.Combine(_folder, "forged.pem");
        var genuine = File.ReadAllText(_pki.Revoke("client"));
        // One character of the signature.
        var at = genuine.LastIndexOf("\n-----END", StringComparison.Ordinal) - 12;
        File.WriteAllText(forged, genuine[..at] + (genuine[at] == 'A' ? 'B' : 'A') + genuine[(at + 1)..]);
        foreach (var (file, word) in new[] { (strangers.Revoke("client"), "not signed by"), (notOne, "holds no list"), (forged, "not signed by"), ("/none", "cannot be used") })
        {
            List<string> faults = [];
            Assert.Null(NbdTlsIdentity.Load(_pki.Files with { ClientRevocationFile = file }, faults));
            Assert.Contains(word, Assert.Single(faults), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task With_an_access_list_a_client_sees_its_own_exports_and_no_others()
    {
        _pki.IssueClient("backup");
        using var backup = _pki.Load("backup");
        var access = new NbdAccess(new Dictionary<string, IReadOnlyList<string>>
        {
            ["disk"] = ["client"],
            ["logs"] = ["client", "sha256:" + backup.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256)],
        });
        await using var server = await ServerUnderTest.StartAsync(
            null,
            o =>
            {
                Configure(o, NbdTlsMode.Required, _pki.Files);
                o.Access = access;
            },
            ("logs", new ScriptedDevice(4096)), ("other", new ScriptedDevice(4096)));
        using (var client = await EncryptedAsync(server, "client"))
        {
            Assert.Equal(["disk", "logs"], await ListAsync(client));
            await GoAsync(client);
        }
        using var second = await EncryptedAsync(server, "backup");
        Assert.Equal(["logs"], await ListAsync(second));
        foreach (var name in new[] { "disk", "other", "none" })
        {
            // As if it did not exist.
            await second.SendOptionAsync(NbdOption.Go, [.. RawClient.Name(name), 0, 0]);
            await second.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.ErrorUnknown);
        }
        Assert.True(access.Allows("logs@snap-1", backup));
        Assert.False(access.Allows("disk@snap-1", backup));
        Assert.False(access.Allows("logs", null));
        Assert.True(new NbdAccess(new Dictionary<string, IReadOnlyList<string>> { ["*"] = ["localhost"] }).Allows("any", backup));
    }

    [Fact]
    public async Task Without_a_client_ca_no_certificate_is_asked_for()
    {
        await using var server = await StartAsync(NbdTlsMode.Required, _pki.Files with { ClientCaFile = null });
        using var client = await GreetedAsync(server);
        await client.SendOptionAsync(NbdOption.StartTls);
        await client.ExpectOptionReplyAsync(NbdOption.StartTls, NbdOptionReply.Ack);
        await client.StartTlsAsync();
        await GoAsync(client);
    }

    [Fact]
    public async Task Many_requests_and_the_largest_ones_go_through_tls()
    {
        const int size = 33 << 20;
        await using var server = await ServerUnderTest.StartAsync(new ScriptedDevice(size), o => Configure(o, NbdTlsMode.Required, _pki.Files));
        using var client = await EncryptedAsync(server, "client");
        await GoAsync(client);
        var bytes = new byte[32 << 20];
        new Random(5).NextBytes(bytes);
        await client.SendRequestAsync(NbdCommand.Write, 512, (uint)bytes.Length, payload: bytes);
        Assert.Equal(NbdError.None, (await client.ReceiveReplyAsync()).Error);
        // All asked before anything is read, so that replies pile up behind a full socket.
        var starts = Enumerable.Range(0, 60).Select(i => (ulong)i * 512).ToList();
        await client.SendAsync([.. starts.SelectMany(start => RawClient.Request(NbdCommand.Read, 512 + start, 512 * 1024, cookie: start))]);
        await client.SendRequestAsync(NbdCommand.Read, 512, (uint)bytes.Length, cookie: ulong.MaxValue);
        for (var i = 0; i <= starts.Count; i++)
        {
            var reply = await client.ReceiveReplyAsync(cookie => cookie == ulong.MaxValue ? bytes.Length : 512 * 1024);
            var expected = reply.Cookie == ulong.MaxValue ? bytes : bytes.AsSpan((int)reply.Cookie, 512 * 1024);
            Assert.True(expected.SequenceEqual(reply.Data), $"reply {reply.Cookie}");
        }
    }

    [Fact]
    public async Task Replaced_files_count_for_the_next_connection_and_bad_ones_do_not()
    {
        await using var server = await StartAsync(NbdTlsMode.Required);
        File.WriteAllText(_pki.Files.CertificateFile, "nothing");
        using (var client = await EncryptedAsync(server, "client"))
            await GoAsync(client);
        await server.Log.ContainsAsync("stays in use");
        _pki.IssueServer("server");
        using (var client = await EncryptedAsync(server, "client"))
            await GoAsync(client);
        await server.Log.ContainsAsync("was replaced");
    }

    [Fact]
    public async Task Every_fault_of_the_files_is_told_at_once()
    {
        _pki.IssueServer("other");
        var leaf = Path.Combine(_folder, "leaf.pem");
        File.Copy(_pki.CertificateFile("client"), leaf);
        var failure = await Assert.ThrowsAsync<IOException>(() => StartAsync(
            NbdTlsMode.Required, new NbdTlsFiles(_pki.CertificateFile("client"), _pki.KeyFile("other"), leaf)));
        foreach (var word in new[] { "other-key.pem", "no CA" })
            Assert.Contains(word, failure.Message, StringComparison.Ordinal);
        List<string> faults = [];
        Assert.Null(NbdTlsIdentity.Load(new NbdTlsFiles(_pki.CertificateFile("client"), _pki.KeyFile("client"), null), faults));
        Assert.Contains("not for servers", Assert.Single(faults), StringComparison.Ordinal);
        File.SetUnixFileMode(_pki.KeyFile("server"), UnixFileMode.UserRead | UnixFileMode.OtherRead);
        faults.Clear();
        Assert.Null(NbdTlsIdentity.Load(_pki.Files, faults));
        Assert.Contains("0404", Assert.Single(faults), StringComparison.Ordinal);
    }

    private static void Configure(NbdServerOptions options, NbdTlsMode mode, NbdTlsFiles files)
    {
        options.Listen = [.. options.Listen.Select(address => address with { Tls = mode })];
        options.Tls = files;
    }

    private static async Task<List<string>> ListAsync(RawClient client)
    {
        await client.SendOptionAsync(NbdOption.List);
        var names = new List<string>();
        while (await client.ReceiveOptionReplyAsync() is var (_, type, data) && type == NbdOptionReply.Server)
            names.Add(System.Text.Encoding.UTF8.GetString(data.AsSpan(4)));
        return names;
    }

    private static async Task<RawClient> GreetedAsync(ServerUnderTest server)
    {
        var client = await server.ConnectAsync();
        await client.GreetAsync();
        return client;
    }

    private static async Task<NbdTransmissionFlags> GoAsync(RawClient client)
    {
        await client.SendOptionAsync(NbdOption.Go, [.. RawClient.Name("disk"), 0, 0]);
        var info = await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.Info);
        await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.Info);
        await client.ExpectOptionReplyAsync(NbdOption.Go, NbdOptionReply.Ack);
        return (NbdTransmissionFlags)BinaryPrimitives.ReadUInt16BigEndian(info.AsSpan(10));
    }

    private static async Task UntilGoneAsync(ServerUnderTest server)
    {
        await server.Exports.Idle;
        Assert.Empty(server.Device.Requests);
    }

    private Task<ServerUnderTest> StartAsync(NbdTlsMode mode, NbdTlsFiles? files = null) =>
        ServerUnderTest.StartAsync(configure: o => Configure(o, mode, files ?? _pki.Files));

    private async Task<RawClient> EncryptedAsync(ServerUnderTest server, string name)
    {
        var client = await GreetedAsync(server);
        await UpgradeAsync(client, name);
        return client;
    }

    private async Task UpgradeAsync(RawClient client, string name)
    {
        await client.SendOptionAsync(NbdOption.StartTls);
        await client.ExpectOptionReplyAsync(NbdOption.StartTls, NbdOptionReply.Ack);
        using var certificate = _pki.Load(name);
        await client.StartTlsAsync(X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null));
    }
}
