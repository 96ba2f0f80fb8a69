using Azure.Storage.Blobs;
using Microsoft.Extensions.Time.Testing;
using Tidegate.Client.Proxies;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Silo.Blobs;
using Tidegate.Silo.Options;
using Tidegate.Tests.Kit.Http;
using Tidegate.Tests.Kit.Service;
using Xunit;

namespace Tidegate.Tests.Unit.Silo.Blobs;

/// <summary>Tickets for an Azure store, carried out by the agent's own code against Azurite.</summary>
public sealed class AzureTicketsTests(AzuriteForTests azurite) : IAsyncLifetime
{
    private const string Key = "428491170607/vol-1/0000000000000001/0000000000000007-aa";
    private static readonly byte[] Content = [.. Enumerable.Range(0, 8_000_000).Select(i => (byte)(i / 7))];

    private readonly TicketSigner _signer = new(new byte[32]);
    private readonly HttpBlobTransport _agent = new(
        DataClients.Create(() => [], connections: 4, new Dialler(null, Dialler.HttpLimit, TimeProvider.System)), TimeProvider.System, new BlobTransportOptions { FirstDelay = TimeSpan.FromMilliseconds(1) });
    private BlobContainerClient _container = null!;
    private AzureTickets _tickets = null!;

    public async ValueTask InitializeAsync()
    {
        _container = await azurite.ContainerAsync();
        _tickets = new AzureTickets(_container, _signer, TimeProvider.System);
    }

    public ValueTask DisposeAsync() => default;

    [Fact]
    public async Task An_agent_creates_and_reads_one_blob_straight_at_the_store()
    {
        var write = _tickets.IssueWrite(Key);
        Assert.True(await _agent.PutAsync(write, Content, default));
        Assert.Equal(Content.Length, await new AzureBlobStore(_container).GetLengthAsync(Key));
        var read = _tickets.IssueRead(Key);
        Assert.Equal(Content, (await _agent.GetRangeAsync(read, 0, Content.Length, default)).ToArray());
        Assert.Equal(Content[50_000..50_100], (await _agent.GetRangeAsync(read, 50_000, 100, default)).ToArray());
        Assert.Equal(Content[^10..], (await _agent.GetRangeAsync(read, Content.Length - 10, 100, default)).ToArray());
        Assert.Empty((await _agent.GetRangeAsync(read, Content.Length, 100, default)).ToArray());
    }

    [Fact]
    public async Task A_second_upload_is_told_that_the_key_exists_and_changes_nothing()
    {
        Assert.True(await _agent.PutAsync(_tickets.IssueWrite(Key), Content, default));
        Assert.False(await _agent.PutAsync(_tickets.IssueWrite(Key), Content, default));
        Assert.False(await _agent.PutAsync(_tickets.IssueWrite(Key), Content.AsMemory(1), default));
        Assert.Equal(Content, (await new AzureBlobStore(_container).GetRangeAsync(Key, 0, Content.Length)).ToArray());
    }

    [Theory]
    [InlineData(HttpFault.LoseAnswer, false)]
    [InlineData(HttpFault.Busy, true)]
    [InlineData(HttpFault.Refuse, true)]
    public async Task An_upload_survives_faults_on_its_way(HttpFault fault, bool isStoredByRetry)
    {
        await using var proxy = FaultProxy.Before((await azurite.ServerAsync()).Address);
        var container = await azurite.ContainerAsync(proxy.Address);
        proxy.Next(fault);
        Assert.Equal(isStoredByRetry, await _agent.PutAsync(new AzureTickets(container, _signer, TimeProvider.System).IssueWrite(Key), Content, default));
        Assert.Equal(Content, (await new AzureBlobStore(container).GetRangeAsync(Key, 0, Content.Length)).ToArray());
    }

    [Fact]
    public async Task A_ticket_does_one_thing_to_one_blob()
    {
        await _agent.PutAsync(_tickets.IssueWrite(Key), Content, default);
        var (write, read) = (_tickets.IssueWrite(Key), _tickets.IssueRead(Key));
        await AssertRefusedAsync(() => _agent.GetRangeAsync(write, 0, 10, default));
        await AssertRefusedAsync(() => _agent.PutAsync(write with { Url = write.Url.Replace(Key, Key + "0", StringComparison.Ordinal) }, Content, default));
        await AssertRefusedAsync(() => _agent.GetRangeAsync(read with { Url = read.Url.Replace(Key, Key + "0", StringComparison.Ordinal) }, 0, 10, default));
        await AssertRefusedAsync(() => _agent.GetRangeAsync(read with { Url = read.Url.Replace("sp=r", "sp=rw", StringComparison.Ordinal) }, 0, 10, default));
        await AssertRefusedAsync(() => _agent.GetRangeAsync(read with { Url = read.Url[..read.Url.IndexOf('?', StringComparison.Ordinal)] }, 0, 10, default));
        using var http = new HttpClient();
        foreach (var (method, url) in new[] { (HttpMethod.Put, read.Url), (HttpMethod.Delete, read.Url), (HttpMethod.Delete, write.Url) })
        {
            using var request = new HttpRequestMessage(method, url) { Content = new ByteArrayContent([1]), Headers = { { "x-ms-blob-type", "BlockBlob" } } };
            using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(System.Net.HttpStatusCode.Forbidden, answer.StatusCode);
        }

        Assert.Equal(Content.Length, await new AzureBlobStore(_container).GetLengthAsync(Key));
    }

    [Fact]
    public async Task A_ticket_that_is_over_is_refused_by_the_store()
    {
        await _agent.PutAsync(_tickets.IssueWrite(Key), Content, default);
        var now = TimeProvider.System.GetUtcNow();
        var longAgo = new AzureTickets(_container, _signer, new FakeTimeProvider(now - TicketLifetimes.Write - TimeSpan.FromSeconds(2)));
        await AssertRefusedAsync(() => _agent.PutAsync(longAgo.IssueWrite(Key + "0"), Content, default));
        Assert.NotEmpty((await _agent.GetRangeAsync(longAgo.IssueRead(Key), 0, 10, default)).ToArray());
        var longerAgo = new AzureTickets(_container, _signer, new FakeTimeProvider(now - TicketLifetimes.Read - TimeSpan.FromSeconds(2)));
        await AssertRefusedAsync(() => _agent.GetRangeAsync(longerAgo.IssueRead(Key), 0, 10, default));
    }

    [Fact]
    public void A_ticket_is_as_narrow_as_can_be_and_its_token_tells_its_age()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 12, 0, 0, 500, TimeSpan.Zero));
        var account = AzureContainer.Open(new BlobOptions { ConnectionString = $"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={Convert.ToBase64String(new byte[64])};EndpointSuffix=core.windows.net" });
        var tickets = new AzureTickets(account, _signer, time);
        var (write, read) = (tickets.IssueWrite(Key), tickets.IssueRead(Key));
        Assert.StartsWith($"https://acme.blob.core.windows.net/tidegate/{Key}?", write.Url, StringComparison.Ordinal);
        Assert.Equal(("c", "b", "https", "2026-01-01T12:01:00Z"), Signed(write));
        Assert.Equal(("r", "b", "https", "2026-01-01T12:05:00Z"), Signed(read));
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 12, 1, 0, TimeSpan.Zero), write.ExpiresAt);
        Assert.Equal((TicketTrust.SystemAuthorities, TicketTrust.SystemAuthorities, TicketTrust.PlainHttp), (write.Trust, read.Trust, _tickets.IssueRead(Key).Trust));
        time.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal(time.GetUtcNow().AddMinutes(-30), tickets.IssuedAt(write.Token, Key));
        Assert.Null(tickets.IssuedAt(write.Token, Key + "0"));
        Assert.Null(tickets.IssuedAt(read.Token, Key));
    }

    private static (string?, string?, string?, string?) Signed(BlobTicket ticket)
    {
        var query = System.Web.HttpUtility.ParseQueryString(new Uri(ticket.Url).Query);
        return (query["sp"], query["sr"], query["spr"], query["se"]);
    }

    private static async Task AssertRefusedAsync(Func<Task> call) =>
        Assert.Equal(ErrorCodes.TicketRefused, (await Assert.ThrowsAsync<TidegateException>(call)).Code);
}
