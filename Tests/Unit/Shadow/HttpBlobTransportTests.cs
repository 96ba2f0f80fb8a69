using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Threading.Channels;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;
using Tidegate.Tests.Kit.Service;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Shadow;

/// <summary>Tickets over HTTP (<c>docs/protocols/volume-data.md</c>, Tickets).</summary>
public sealed class HttpBlobTransportTests
{
    private static readonly byte[] Content = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];
    // What the transport waits between attempts; the limit of an attempt is longer.
    private static readonly TimeSpan Pauses = new BlobTransportOptions().LongestDelay;
    private readonly WatchedTime _time = new();

    [Fact]
    public async Task A_put_sends_the_ticket_as_given_and_the_whole_blob()
    {
        var peer = new ScriptedHandler((_, _) => new HttpResponseMessage(HttpStatusCode.Created));
        Assert.True(await Transport(peer).PutAsync(Ticket("PUT"), Content, default));
        var (request, body) = Assert.Single(peer.Asked);
        Assert.Equal(HttpMethod.Put, request.Method);
        Assert.Equal("https://store.test/a/b?ticket=t", request.RequestUri!.ToString());
        Assert.Equal("BlockBlob", request.Headers.GetValues("x-ms-blob-type").Single());
        Assert.Equal("application/octet-stream", request.Content!.Headers.ContentType!.ToString());
        Assert.Equal(Content, body);
    }

    /// <summary>An attempt has its limit for progress: what the uplink's limit holds back is no failure of the peer.</summary>
    [Fact]
    public async Task A_put_that_the_limit_makes_slow_is_not_given_up()
    {
        var peer = new ScriptedHandler((_, _) => new HttpResponseMessage(HttpStatusCode.Created));
        var turn = new ManualTurn();
        var put = Transport(peer).By(turn).PutAsync(Ticket("PUT"), Content, default);
        for (var sent = 0; sent < Content.Length; sent += 250)
        {
            // Nothing but the limiter is waited for now, and it takes its time.
            var granted = await turn.AskedAsync();
            _time.Advance(2 * new BlobTransportOptions().AttemptTimeout);
            granted.SetResult(250);
        }
        Assert.True(await put.OrHungAsync());
        Assert.Equal(Content, Assert.Single(peer.Asked).Body);
    }

    [Theory]
    [InlineData(HttpStatusCode.Conflict)]
    [InlineData(HttpStatusCode.PreconditionFailed)]
    public async Task A_key_that_exists_with_equal_bytes_is_not_an_error(HttpStatusCode status)
    {
        var peer = new ScriptedHandler((_, _) => Existing(status, Content));
        Assert.False(await Transport(peer).PutAsync(Ticket("PUT"), Content, default));
    }

    /// <summary>An Azure store answers a create-only signature 403 when the blob exists; the same status without these codes is a refusal.</summary>
    [Theory]
    [InlineData(HttpStatusCode.Conflict, "BlobAlreadyExists", null)]
    [InlineData(HttpStatusCode.Forbidden, "UnauthorizedBlobOverwrite", null)]
    [InlineData(HttpStatusCode.Forbidden, "AuthorizationPermissionMismatch", null)]
    [InlineData(HttpStatusCode.Forbidden, "AuthenticationFailed", ErrorCodes.TicketRefused)]
    [InlineData(HttpStatusCode.Conflict, "ContainerBeingDeleted", ErrorCodes.Internal)]
    public async Task An_Azure_store_says_by_its_code_whether_the_key_exists(HttpStatusCode status, string azureCode, string? error)
    {
        var peer = new ScriptedHandler((_, _) =>
        {
            var answer = new HttpResponseMessage(status);
            answer.Headers.Add("x-ms-error-code", azureCode);
            return answer;
        });
        var put = Transport(peer).PutAsync(Ticket("PUT"), Content, default);
        if (error is null)
        {
            Assert.False(await put);
            return;
        }

        var refusal = await Assert.ThrowsAsync<TidegateException>(() => put);
        Assert.Equal(error, refusal.Code);
        Assert.Contains(azureCode, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_exists_with_other_bytes_is_corrupt()
    {
        var other = Content.ToArray();
        other[500] ^= 1;
        foreach (var existing in new[] { other, Content[..999] })
        {
            var peer = new ScriptedHandler((_, _) => Existing(HttpStatusCode.Conflict, existing));
            var error = await Assert.ThrowsAsync<TidegateException>(() => Transport(peer).PutAsync(Ticket("PUT"), Content, default));
            Assert.Equal(ErrorCodes.Corrupt, error.Code);
        }
    }

    [Fact]
    public async Task Transient_failures_are_tried_again_after_growing_delays()
    {
        var peer = new ScriptedHandler(
            (_, _) => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable),
            (_, _) => throw new HttpRequestException("connection refused"),
            (_, _) => new HttpResponseMessage(HttpStatusCode.Created));
        var put = Transport(peer).PutAsync(Ticket("PUT"), Content, default);
        await _time.RunWaitsAsync(put, Pauses);
        Assert.True(await put);
        Assert.Equal(3, peer.Asked.Count);
        Assert.All(peer.Asked, asked => Assert.Equal(Content, asked.Body));
        // A retry asks before it sends everything again.
        Assert.Equal([false, true, true], peer.Asked.Select(asked => asked.Request.Headers.ExpectContinue));
    }

    [Fact]
    public async Task The_last_attempt_tells_the_caller_what_happened_to_which_blob()
    {
        var peer = new ScriptedHandler([.. Enumerable.Repeat<Func<HttpRequestMessage, byte[], HttpResponseMessage>>(
            (_, _) => new HttpResponseMessage(HttpStatusCode.BadGateway), 4)]);
        var put = Transport(peer).PutAsync(Ticket("PUT"), Content, default);
        await _time.RunWaitsAsync(put, Pauses);
        var error = await Assert.ThrowsAsync<TidegateException>(() => put);
        Assert.Equal(ErrorCodes.Unavailable, error.Code);
        Assert.Contains("a/b", error.Message, StringComparison.Ordinal);
        Assert.Contains("502", error.Message, StringComparison.Ordinal);
        Assert.True(error.IsTransient);
    }

    [Theory]
    [InlineData(HttpStatusCode.Forbidden, ErrorCodes.TicketRefused)]
    [InlineData(HttpStatusCode.Unauthorized, ErrorCodes.TicketRefused)]
    [InlineData(HttpStatusCode.NotFound, ErrorCodes.NotFound)]
    [InlineData(HttpStatusCode.LengthRequired, ErrorCodes.Internal)]
    public async Task Refusals_are_not_tried_again(HttpStatusCode status, string code)
    {
        var peer = new ScriptedHandler((_, _) => new HttpResponseMessage(status));
        var error = await Assert.ThrowsAsync<TidegateException>(() => Transport(peer).GetRangeAsync(Ticket("GET"), 0, 10, default));
        Assert.Equal(code, error.Code);
        Assert.Single(peer.Asked);
    }

    [Fact]
    public async Task A_range_is_asked_for_and_read()
    {
        var peer = new ScriptedHandler(
            (request, _) => Partial(request, Content),
            (request, _) => Partial(request, Content),
            (_, _) => new HttpResponseMessage(HttpStatusCode.OK) { Content = new ByteArrayContent(Content) },
            (_, _) => new HttpResponseMessage(HttpStatusCode.RequestedRangeNotSatisfiable));
        var transport = Transport(peer);
        Assert.Equal(Content[100..150], (await transport.GetRangeAsync(Ticket("GET"), 100, 50, default)).ToArray());
        Assert.Equal(Content[990..], (await transport.GetRangeAsync(Ticket("GET"), 990, 50, default)).ToArray());
        Assert.Equal(Content[100..150], (await transport.GetRangeAsync(Ticket("GET"), 100, 50, default)).ToArray());
        Assert.Empty((await transport.GetRangeAsync(Ticket("GET"), 2000, 50, default)).ToArray());
        Assert.Equal("bytes=100-149", peer.Asked[0].Request.Headers.Range!.ToString());
    }

    [Fact]
    public async Task An_answer_that_ends_early_is_tried_again_and_never_returned()
    {
        var peer = new ScriptedHandler(
            (_, _) =>
            {
                var cut = new HttpResponseMessage(HttpStatusCode.PartialContent) { Content = new ByteArrayContent(Content, 0, 20) };
                cut.Content.Headers.ContentLength = 50;
                return cut;
            },
            (request, _) => Partial(request, Content));
        var get = Transport(peer).GetRangeAsync(Ticket("GET"), 100, 50, default);
        await _time.RunWaitsAsync(get, Pauses);
        Assert.Equal(Content[100..150], (await get).ToArray());
        Assert.Equal(2, peer.Asked.Count);
    }

    private HttpBlobTransport Transport(ScriptedHandler peer) => new(new DataClients(new HttpClient(peer), new HttpClient(peer)), _time, new BlobTransportOptions());

    private static BlobTicket Ticket(string method) => new("a/b", method, "https://store.test/a/b?ticket=t",
        new Dictionary<string, string> { ["x-ms-blob-type"] = "BlockBlob", ["Content-Type"] = "application/octet-stream" },
        DateTimeOffset.UnixEpoch, "token");

    private static HttpResponseMessage Existing(HttpStatusCode status, byte[] bytes)
    {
        var response = new HttpResponseMessage(status);
        response.Headers.Add("Tidegate-Blob-Length", bytes.Length.ToString(System.Globalization.CultureInfo.InvariantCulture));
        response.Headers.Add("Repr-Digest", $"sha-256=:{Convert.ToBase64String(SHA256.HashData(bytes))}:");
        return response;
    }

    private static HttpResponseMessage Partial(HttpRequestMessage request, byte[] blob)
    {
        var range = request.Headers.Range!.Ranges.Single();
        var end = Math.Min(blob.Length, (int)range.To!.Value + 1);
        var content = new ByteArrayContent(blob, (int)range.From!.Value, end - (int)range.From.Value);
        content.Headers.ContentRange = new ContentRangeHeaderValue(range.From.Value, end - 1, blob.Length);
        return new HttpResponseMessage(HttpStatusCode.PartialContent) { Content = content };
    }

    /// <summary>A turn whose grants the test makes.</summary>
    private sealed class ManualTurn : ITransferTurn
    {
        private readonly Channel<TaskCompletionSource<int>> _asked = Channel.CreateUnbounded<TaskCompletionSource<int>>();

        public Task<TaskCompletionSource<int>> AskedAsync() => _asked.Reader.ReadAsync().AsTask().OrHungAsync();

        public ValueTask<int> TakeAsync(int bytes, CancellationToken cancellationToken)
        {
            var grant = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
            _asked.Writer.TryWrite(grant);
            return new ValueTask<int>(grant.Task.WaitAsync(cancellationToken));
        }

        public void Dispose()
        {
        }
    }
}
