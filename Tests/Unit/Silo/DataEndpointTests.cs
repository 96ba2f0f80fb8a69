using System.Net.Mime;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Blobs;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;
using Xunit;

namespace Tidegate.Tests.Unit.Silo;

public sealed class DataEndpointTests
{
    private const string Key = "428491170607/vol-1/1/7-aa";

    private readonly DataEndpointUnderTest _under = new(new DataOptions());

    private FakeTimeProvider Time => _under.Time;

    [Fact]
    public async Task A_write_ticket_is_good_for_a_minute()
    {
        var ticket = _under.Tickets.IssueWrite(Key);
        Assert.Equal((Time.GetUtcNow().AddSeconds(60), "PUT", $"https://agents/data/v1/{Key}?ticket={ticket.Token}"), (ticket.ExpiresAt, ticket.Method, ticket.Url));
        Time.Advance(TimeSpan.FromSeconds(60));
        await AssertRefusedAsync(() => _under.Endpoint.PutAsync(Upload([1]), Key, ticket.Token));
        Assert.Null(await _under.Blobs.GetLengthAsync(Key));
        // The commit still learns when it was issued: the volume decides how old is too old.
        Assert.Equal(Time.GetUtcNow().AddSeconds(-60), _under.Tickets.IssuedAt(ticket.Token, Key));
    }

    [Fact]
    public async Task A_write_ticket_works_to_its_last_moment_and_stores_once()
    {
        var ticket = _under.Tickets.IssueWrite(Key);
        Time.Advance(TimeSpan.FromSeconds(60) - TimeSpan.FromMilliseconds(1));
        var first = Upload([1, 2, 3]);
        await _under.Endpoint.PutAsync(first, Key, ticket.Token);
        Assert.Equal(StatusCodes.Status201Created, first.Response.StatusCode);
        var second = Upload([9]);
        await _under.Endpoint.PutAsync(second, Key, ticket.Token);
        Assert.Equal(StatusCodes.Status409Conflict, second.Response.StatusCode);
        Assert.Equal([1, 2, 3], (await _under.Blobs.GetRangeAsync(Key, 0, 10)).ToArray());
    }

    [Fact]
    public async Task A_read_ticket_is_good_for_five_minutes_and_for_nothing_else()
    {
        await _under.Blobs.PutIfAbsentAsync(Key, new byte[] { 7 });
        var ticket = _under.Tickets.IssueRead(Key);
        await AssertRefusedAsync(() => _under.Endpoint.PutAsync(Upload([1]), Key, ticket.Token));
        await AssertRefusedAsync(() => _under.Endpoint.GetAsync(new DefaultHttpContext(), Key + "0", ticket.Token));
        Time.Advance(TimeSpan.FromMinutes(5) - TimeSpan.FromMilliseconds(1));
        await _under.Endpoint.GetAsync(new DefaultHttpContext(), Key, ticket.Token);
        Time.Advance(TimeSpan.FromMilliseconds(1));
        await AssertRefusedAsync(() => _under.Endpoint.GetAsync(new DefaultHttpContext(), Key, ticket.Token));
    }

    [Fact]
    public async Task A_body_shorter_than_promised_stores_nothing()
    {
        var upload = Upload([1, 2, 3]);
        upload.Request.ContentLength = 4;
        await Assert.ThrowsAsync<BadHttpRequestException>(() => _under.Endpoint.PutAsync(upload, Key, _under.Tickets.IssueWrite(Key).Token));
        Assert.Null(await _under.Blobs.GetLengthAsync(Key));
    }

    [Fact]
    public void No_ticket_is_issued_before_the_listener_is_bound() => Assert.Equal(
        ErrorCodes.Unavailable,
        Assert.Throws<TidegateException>(() => new DataEndpointTickets(new TicketSigner(new byte[32]), new ServiceAddresses(), Time).IssueRead(Key)).Code);

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
