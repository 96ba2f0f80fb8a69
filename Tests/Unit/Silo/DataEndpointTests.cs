using System.Net.Mime;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Blobs;
using Tidegate.Silo.Data;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;
using Tidegate.Tests.Kit.Blobs;
using Xunit;

namespace Tidegate.Tests.Unit.Silo;

public sealed class DataEndpointTests
{
    private const string Key = "428491170607/vol-1/1/7-aa";

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly MemoryBlobStore _blobs;
    private readonly DataEndpointTickets _tickets;
    private readonly DataEndpoint _endpoint;

    public DataEndpointTests()
    {
        _blobs = new MemoryBlobStore(_time);
        var signer = new TicketSigner(new byte[32]);
        _tickets = new DataEndpointTickets(signer, new ServiceAddresses { AgentsUrl = "https://agents" }, _time);
        _endpoint = new DataEndpoint(_blobs, signer, new DataOptions(), _time);
    }

    [Fact]
    public async Task A_write_ticket_is_good_for_a_minute()
    {
        var ticket = _tickets.IssueWrite(Key);
        Assert.Equal((_time.GetUtcNow().AddSeconds(60), "PUT", $"https://agents/data/v1/{Key}?ticket={ticket.Token}"), (ticket.ExpiresAt, ticket.Method, ticket.Url));
        _time.Advance(TimeSpan.FromSeconds(60));
        await AssertRefusedAsync(() => _endpoint.PutAsync(Upload([1]), Key, ticket.Token));
        Assert.Null(await _blobs.GetLengthAsync(Key));
        // The commit still learns when it was issued: the volume decides how old is too old.
        Assert.Equal(_time.GetUtcNow().AddSeconds(-60), _tickets.IssuedAt(ticket.Token, Key));
    }

    [Fact]
    public async Task A_write_ticket_works_to_its_last_moment_and_stores_once()
    {
        var ticket = _tickets.IssueWrite(Key);
        _time.Advance(TimeSpan.FromSeconds(60) - TimeSpan.FromMilliseconds(1));
        var first = Upload([1, 2, 3]);
        await _endpoint.PutAsync(first, Key, ticket.Token);
        Assert.Equal(StatusCodes.Status201Created, first.Response.StatusCode);
        var second = Upload([9]);
        await _endpoint.PutAsync(second, Key, ticket.Token);
        Assert.Equal(StatusCodes.Status409Conflict, second.Response.StatusCode);
        Assert.Equal([1, 2, 3], (await _blobs.GetRangeAsync(Key, 0, 10)).ToArray());
    }

    [Fact]
    public async Task A_read_ticket_is_good_for_five_minutes_and_for_nothing_else()
    {
        await _blobs.PutIfAbsentAsync(Key, new byte[] { 7 });
        var ticket = _tickets.IssueRead(Key);
        await AssertRefusedAsync(() => _endpoint.PutAsync(Upload([1]), Key, ticket.Token));
        await AssertRefusedAsync(() => _endpoint.GetAsync(new DefaultHttpContext(), Key + "0", ticket.Token));
        _time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromMilliseconds(1));
        await _endpoint.GetAsync(new DefaultHttpContext(), Key, ticket.Token);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await AssertRefusedAsync(() => _endpoint.GetAsync(new DefaultHttpContext(), Key, ticket.Token));
    }

    [Fact]
    public async Task A_body_shorter_than_promised_stores_nothing()
    {
        var upload = Upload([1, 2, 3]);
        upload.Request.ContentLength = 4;
        await Assert.ThrowsAsync<BadHttpRequestException>(() => _endpoint.PutAsync(upload, Key, _tickets.IssueWrite(Key).Token));
        Assert.Null(await _blobs.GetLengthAsync(Key));
    }

    [Fact]
    public void No_ticket_is_issued_before_the_listener_is_bound() => Assert.Equal(
        ErrorCodes.Unavailable,
        Assert.Throws<TidegateException>(() => new DataEndpointTickets(new TicketSigner(new byte[32]), new ServiceAddresses(), _time).IssueRead(Key)).Code);

    private static DefaultHttpContext Upload(byte[] content)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = HttpMethods.Put;
        context.Request.ContentType = MediaTypeNames.Application.Octet;
        context.Request.Body = new MemoryStream(content);
        context.Request.ContentLength = content.Length;
        return context;
    }

    private static async Task AssertRefusedAsync(Func<Task> call) =>
        Assert.Equal(ErrorCodes.TicketRefused, (await Assert.ThrowsAsync<TidegateException>(call)).Code);
}
