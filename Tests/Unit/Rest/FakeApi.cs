using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Tidegate.Tests.Unit.Rest;

/// <summary>A scriptable API on loopback: answers by method and path (its last part may be <c>*</c>), in order, the last one again and again; remembers what it was asked.</summary>
internal sealed class FakeApi : IAsyncDisposable
{
    private readonly WebApplication _web;
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Func<FakeRequest, FakeReply>>> _answers = new();

    private FakeApi(Action<KestrelServerOptions> listen)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(listen);
        _web = builder.Build();
        _web.Run(AnswerAsync);
    }

    public Uri Url { get; private set; } = null!;

    public ConcurrentQueue<FakeRequest> Requests { get; } = new();

    public static Task<FakeApi> StartAsync() => StartAsync(static kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));

    public static async Task<FakeApi> StartAsync(Action<KestrelServerOptions> listen)
    {
        var api = new FakeApi(listen);
        await api._web.StartAsync();
        api.Url = new Uri(api._web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return api;
    }

    public FakeApi On(string method, string path, params FakeReply[] replies)
    {
        foreach (var reply in replies) On(method, path, _ => reply);
        return this;
    }

    public FakeApi On(string method, string path, Func<FakeRequest, FakeReply> answer)
    {
        _answers.GetOrAdd($"{method} {path}", static _ => new()).Enqueue(answer);
        return this;
    }

    public FakeRequest[] Asked(string method, string path) => [.. Requests.Where(r => r.Method == method && r.Path == path)];

    public async ValueTask DisposeAsync()
    {
        await _web.StopAsync(new CancellationToken(canceled: true));
        await _web.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var request = new FakeRequest(
            context.Request.Method, context.Request.Path.Value!, context.Request.QueryString.Value!, context.Request.Headers.Authorization.ToString(),
            context.Request.Headers["Idempotency-Key"].ToString(), await reader.ReadToEndAsync());
        Requests.Enqueue(request);
        var parent = request.Path[..(request.Path.LastIndexOf('/') + 1)];
        var isKnown = _answers.TryGetValue($"{request.Method} {request.Path}", out var answers) || _answers.TryGetValue($"{request.Method} {parent}*", out answers);
        var reply = isKnown && answers!.TryPeek(out var answer)
            ? answer(request)
            : FakeReply.Problem(404, "NotFound", $"nothing at {request.Method} {request.Path}");
        if (answers is { Count: > 1 }) answers.TryDequeue(out _);
        context.Response.StatusCode = reply.Status;
        foreach (var (name, value) in reply.Headers) context.Response.Headers[name] = value;
        if (reply.Body.Length == 0) return;
        context.Response.ContentType = reply.ContentType;
        await context.Response.WriteAsync(reply.Body);
    }
}
