using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Tidegate.BlockStore.Blobs;
using Tidegate.Grains.Blobs;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

// The data endpoint (docs/protocols/volume-data.md).
public abstract partial class SiloContract
{
    [Fact]
    public async Task The_data_endpoint_creates_once_and_gives_ranges()
    {
        var tickets = Silo.Services.GetRequiredService<ITicketIssuer>();
        var key = $"test/{Guid.NewGuid():n}";
        var content = new byte[3_000_000];
        new Random(7).NextBytes(content);
        using var http = Silo.Http(Silo.Ready.AgentsUrl);
        var write = tickets.IssueWrite(key);
        Assert.NotNull(tickets.IssuedAt(write.Token, key));
        Assert.Equal(HttpStatusCode.Created, (await http.PutAsync(write.Url, new ByteArrayContent(content))).StatusCode);

        using var again = await http.PutAsync(write.Url, new ByteArrayContent(new byte[10]));
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
        Assert.Equal($"sha-256=:{Convert.ToBase64String(SHA256.HashData(content))}:", again.Headers.GetValues("Repr-Digest").Single());
        Assert.Equal("3000000", again.Headers.GetValues("Tidegate-Blob-Length").Single());

        var read = tickets.IssueRead(key);
        Assert.Null(tickets.IssuedAt(read.Token, key));
        Assert.Equal(content, await http.GetByteArrayAsync(read.Url));
        using var part = new HttpRequestMessage(HttpMethod.Get, read.Url) { Headers = { Range = new(2_999_990, 4_000_000) } };
        using var answer = await http.SendAsync(part);
        Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
        Assert.Equal("bytes 2999990-2999999/3000000", answer.Content.Headers.ContentRange!.ToString());
        Assert.Equal(content[^10..], await answer.Content.ReadAsByteArrayAsync());
        using var past = new HttpRequestMessage(HttpMethod.Get, read.Url) { Headers = { Range = new(3_000_000, null) } };
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, (await http.SendAsync(past)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(tickets.IssueRead(key + "0").Url)).StatusCode);
    }

    [Fact]
    public async Task The_data_endpoint_serves_HTTP_2_as_well()
    {
        var tickets = Silo.Services.GetRequiredService<ITicketIssuer>();
        var key = $"test/{Guid.NewGuid():n}";
        using var http = Silo.Http(Silo.Ready.AgentsUrl);
        http.DefaultRequestVersion = HttpVersion.Version20;
        http.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        Assert.Equal(HttpStatusCode.Created, (await http.PutAsync(tickets.IssueWrite(key).Url, new ByteArrayContent(new byte[100_000]))).StatusCode);
        Assert.Equal(100_000, (await http.GetByteArrayAsync(tickets.IssueRead(key).Url)).Length);
    }

    [Fact]
    public async Task The_data_endpoint_refuses_whatever_its_tickets_do_not_cover()
    {
        var tickets = Silo.Services.GetRequiredService<ITicketIssuer>();
        var blobs = Silo.Services.GetRequiredService<IBlobStore>();
        var key = $"test/{Guid.NewGuid():n}";
        using var http = Silo.Http(Silo.Ready.AgentsUrl);
        var write = tickets.IssueWrite(key);
        string[] wrong =
        [
            write.Url.Replace(key, key + "0", StringComparison.Ordinal), write.Url[..^1], write.Url[..write.Url.IndexOf('?', StringComparison.Ordinal)],
            tickets.IssueRead(key).Url, write.Url.Replace(key, "../" + key, StringComparison.Ordinal),
        ];
        foreach (var url in wrong)
        {
            var status = (await http.PutAsync(url, new ByteArrayContent([1]))).StatusCode;
            Assert.True(status is HttpStatusCode.Forbidden or HttpStatusCode.NotFound, $"{url}: {status}");
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync(write.Url)).StatusCode);
        using var unsized = new StreamContent(new UnsizedStream());
        using var request = new HttpRequestMessage(HttpMethod.Put, write.Url) { Content = unsized, Headers = { TransferEncodingChunked = true } };
        Assert.Equal(HttpStatusCode.LengthRequired, (await http.SendAsync(request)).StatusCode);
        using var large = new ByteArrayContent(new byte[(32 * 1024 * 1024) + 1]);
        using var tooLarge = new HttpRequestMessage(HttpMethod.Put, write.Url) { Content = large, Headers = { ExpectContinue = true } };
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await http.SendAsync(tooLarge)).StatusCode);
        Assert.Null(await blobs.GetLengthAsync(key));
    }
}
