using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Options;
using Xunit;

namespace Tidegate.Tests.Unit.Silo;

/// <summary>The bounds of the data endpoint: how many, how slow, how long, how large (I11).</summary>
public sealed class DataLimitTests
{
    private readonly DataOptions _options = new() { MaxUploads = 3, MaxDownloads = 3, AccountSharePercent = 67, MaxTransferSeconds = 30, MinBytesPerSecond = 4096 };
    private readonly DataEndpointUnderTest _under;

    public DataLimitTests()
    {
        Assert.Empty(_options.Faults());
        _under = new DataEndpointUnderTest(_options);
    }

    [Fact]
    public async Task Uploads_are_limited_in_all_and_for_each_account()
    {
        var (first, second, other) = (new HeldStream(), new HeldStream(), new HeldStream());
        Task[] running = [Put("acme/v/1", first), Put("acme/v/2", second)];
        await AssertUnavailableAsync("of this account", () => Put("acme/v/3", Body()));
        await Put("umbrella/v/1", Body());
        running = [.. running, Put("umbrella/v/2", other)];
        await AssertUnavailableAsync("3 uploads are running", () => Put("globex/v/1", Body()));
        first.Release();
        await running[0];
        await Put("acme/v/3", Body());
        second.Release();
        other.Release();
        await Task.WhenAll(running);
        Assert.Equal(["acme/v/1", "acme/v/2", "acme/v/3", "umbrella/v/1", "umbrella/v/2"], _under.Blobs.Keys);
    }

    [Fact]
    public async Task Downloads_are_limited_apart_from_uploads()
    {
        foreach (var key in new[] { "acme/v/1", "globex/v/1" }) await _under.Blobs.PutIfAbsentAsync(key, new byte[10]);
        HeldStream[] held = [new(), new(), new()];
        Task[] running = [Get("acme/v/1", held[0]), Get("acme/v/1", held[1])];
        await AssertUnavailableAsync("of this account", () => Get("acme/v/1", new MemoryStream()));
        running = [.. running, Get("globex/v/1", held[2])];
        await AssertUnavailableAsync("3 downloads are running", () => Get("globex/v/1", new MemoryStream()));
        await Put("acme/v/2", Body());
        foreach (var stream in held) stream.Release();
        await Task.WhenAll(running);
        await Get("acme/v/1", new MemoryStream());
    }

    [Fact]
    public async Task An_upload_that_takes_too_long_is_told_so_stores_nothing_and_gives_its_slot_back()
    {
        for (var i = 0; i < _options.MaxUploads; i++)
        {
            var put = Put("acme/v/1", new HeldStream());
            _under.Time.Advance(TimeSpan.FromSeconds(29));
            Assert.False(put.IsCompleted);
            _under.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(StatusCodes.Status408RequestTimeout, (await Assert.ThrowsAsync<Microsoft.AspNetCore.Http.BadHttpRequestException>(() => put)).StatusCode);
        }

        Assert.Empty(_under.Blobs.Keys);
        await Put("acme/v/1", Body());
    }

    [Fact]
    public async Task A_download_that_takes_too_long_is_broken_off()
    {
        await _under.Blobs.PutIfAbsentAsync("acme/v/1", new byte[10]);
        var context = Context("HTTP/1.1");
        context.Response.Body = new HeldStream();
        var get = _under.Endpoint.GetAsync(context, "acme/v/1", _under.Tickets.IssueRead("acme/v/1").Token);
        Assert.False(get.IsCompleted);
        _under.Time.Advance(TimeSpan.FromSeconds(30));
        await get;
        Assert.True(context.RequestAborted.IsCancellationRequested);
    }

    [Fact]
    public async Task A_client_that_leaves_gives_its_slot_back()
    {
        for (var i = 0; i <= _options.MaxUploads; i++)
        {
            var context = Upload("HTTP/1.1", new HeldStream());
            var put = _under.Endpoint.PutAsync(context, "acme/v/1", _under.Tickets.IssueWrite("acme/v/1").Token);
            context.Abort();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => put);
        }
    }

    /// <summary>Over HTTP/2 the server refuses limits of single requests: setting one would fail every upload.</summary>
    [Theory]
    [InlineData("HTTP/1.1", 4096.0)]
    [InlineData("HTTP/2", null)]
    public async Task The_slowest_speed_is_set_where_the_server_can_keep_it(string protocol, double? expected)
    {
        var rates = new Rates();
        var put = Upload(protocol, Body());
        put.Features.Set<IHttpMinRequestBodyDataRateFeature>(rates);
        put.Features.Set<IHttpMinResponseDataRateFeature>(rates);
        await _under.Endpoint.PutAsync(put, "acme/v/1", _under.Tickets.IssueWrite("acme/v/1").Token);
        Assert.Equal((expected, null), (rates.Request?.BytesPerSecond, rates.Response?.BytesPerSecond));

        rates = new Rates();
        var get = Context(protocol);
        get.Features.Set<IHttpMinRequestBodyDataRateFeature>(rates);
        get.Features.Set<IHttpMinResponseDataRateFeature>(rates);
        await _under.Endpoint.GetAsync(get, "acme/v/1", _under.Tickets.IssueRead("acme/v/1").Token);
        Assert.Equal((null, expected), (rates.Request?.BytesPerSecond, rates.Response?.BytesPerSecond));
    }

    [Fact]
    public async Task A_blob_that_is_too_large_is_refused_before_it_takes_a_slot()
    {
        for (var i = 0; i <= _options.MaxUploads; i++)
        {
            var context = Upload("HTTP/1.1", new HeldStream());
            context.Request.ContentLength = _options.MaxBlobBytes + 1L;
            var refusal = await Assert.ThrowsAsync<Microsoft.AspNetCore.Http.BadHttpRequestException>(
                () => _under.Endpoint.PutAsync(context, "acme/v/1", _under.Tickets.IssueWrite("acme/v/1").Token));
            Assert.Equal(StatusCodes.Status413PayloadTooLarge, refusal.StatusCode);
        }
    }

    private Task Put(string key, Stream body) => _under.Endpoint.PutAsync(Upload("HTTP/1.1", body), key, _under.Tickets.IssueWrite(key).Token);

    private Task Get(string key, Stream body)
    {
        var context = Context("HTTP/1.1");
        context.Response.Body = body;
        return _under.Endpoint.GetAsync(context, key, _under.Tickets.IssueRead(key).Token);
    }

    private static MemoryStream Body() => new([1]);

    private static DefaultHttpContext Upload(string protocol, Stream body)
    {
        var context = Context(protocol);
        (context.Request.Body, context.Request.ContentLength) = (body, 1);
        return context;
    }

    private static DefaultHttpContext Context(string protocol)
    {
        var context = new DefaultHttpContext();
        context.Request.Protocol = protocol;
        context.Features.Set<IHttpRequestLifetimeFeature>(new Lifetime());
        return context;
    }

    private static async Task AssertUnavailableAsync(string why, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<TidegateException>(call);
        Assert.Equal(ErrorCodes.Unavailable, refusal.Code);
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
    }

    private sealed class Rates : IHttpMinRequestBodyDataRateFeature, IHttpMinResponseDataRateFeature
    {
        public MinDataRate? Request { get; private set; }

        public MinDataRate? Response { get; private set; }

        MinDataRate? IHttpMinRequestBodyDataRateFeature.MinDataRate { get => Request; set => Request = value; }

        MinDataRate? IHttpMinResponseDataRateFeature.MinDataRate { get => Response; set => Response = value; }
    }

    private sealed class Lifetime : IHttpRequestLifetimeFeature
    {
        private readonly CancellationTokenSource _aborted = new();

        public CancellationToken RequestAborted { get => _aborted.Token; set => throw new NotSupportedException(); }

        public void Abort() => _aborted.Cancel();
    }

    /// <summary>A client that neither sends nor takes anything until it is released; then one byte, or everything.</summary>
    private sealed class HeldStream : MemoryStream
    {
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release() => _released.SetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await _released.Task.WaitAsync(cancellationToken);
            buffer.Span[0] = 1;
            return 1;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            await _released.Task.WaitAsync(cancellationToken);
    }
}
