using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>
/// The agent's own page (mission 4, step 4; <c>docs/protocols/local-console.md</c>): one embedded file over <c>/status</c> and
/// <c>/events</c>, and the activation redirect. It only shows; nothing can be changed through it. It needs no service.
/// </summary>
internal sealed class LocalConsoleServer : IAsyncDisposable
{
    private const int MaxConnections = 64;
    private static readonly TimeSpan VolumeInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(10);

    private readonly WebApplication _web;
    private readonly PageSources _sources;
    private readonly PageConnections _connections = new(MaxConnections);
    private readonly TimeProvider _time;
    private readonly ConsolePage _page = ConsolePage.Load();
    private readonly bool _isLoopback;

    private LocalConsoleServer(IPEndPoint endPoint, PageSources sources, TimeProvider time, ILoggerFactory loggers)
    {
        (_sources, _time) = (sources, time);
        _isLoopback = IPAddress.IsLoopback(endPoint.Address);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
            kestrel.Listen(endPoint, listen => listen.Use(_connections.Admit));
        });
        _web = builder.Build();
        _web.Use(GuardAsync);
        _web.UseRouting();
        _web.MapGet("/", GetRoot);
        _web.MapGet("/status", () => Results.Json(sources.Board.Current, AgentJson.Default.AgentStatus));
        _web.MapGet("/traffic", () => Results.Json(sources.Traffic.Read(), AgentJson.Default.TrafficDocument));
        _web.MapGet("/diagnostics", GetDiagnostics);
        _web.MapGet("/events", (HttpContext context) => TypedResults.ServerSentEvents(WatchAsync(context.RequestAborted)));
    }

    /// <summary>The page's address, with the port that was chosen when 0 was asked for.</summary>
    public string Url { get; private set; } = "";

    /// <summary>Starts listening. Throws <see cref="IOException"/> when the address is taken.</summary>
    public static async Task<LocalConsoleServer> StartAsync(
        IPEndPoint endPoint, PageSources sources, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var server = new LocalConsoleServer(endPoint, sources, time, loggers);
        try
        {
            await server._web.StartAsync(cancellationToken);
        }
        catch
        {
            await server._web.DisposeAsync();
            throw;
        }
        server.Url = server._web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        // Open event streams never end by themselves.
        await _web.StopAsync(atOnce.Token);
        await _web.DisposeAsync();
    }

    private async Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        using var request = _connections.BeginRequest(context.Features.Get<IConnectionItemsFeature>()!.Items);
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        headers.ContentSecurityPolicy = _page.ContentSecurityPolicy;
        // A page elsewhere may point a name of its own at this address; what it would read here is an activation key.
        if (_isLoopback && !(IPAddress.TryParse(context.Request.Host.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address))
            && !string.Equals(context.Request.Host.Host, "localhost", StringComparison.OrdinalIgnoreCase))
        {
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            await context.Response.WriteAsync("Open this page by its address or as localhost.\n");
            return;
        }
        await next(context);
    }

    /// <summary>Log lines are for the machine's own people, whatever address the page is at.</summary>
    private IResult GetDiagnostics(HttpContext context) => context.Connection.RemoteIpAddress is { } caller && IPAddress.IsLoopback(caller)
        ? Results.Json(_sources.Diagnostics(), AgentJson.Default.DiagnosticsDocument)
        : Results.Text("Diagnostics are given to this machine alone: run tidegate-agent support-bundle on it.\n", statusCode: StatusCodes.Status403Forbidden);

    /// <summary>The page, or step 5: with <c>activationRegion</c> a redirect to the console that carries the key; with <c>no_redirect</c> the key as text.</summary>
    private IResult GetRoot(HttpContext context)
    {
        var query = context.Request.Query;
        if (!query.ContainsKey("activationRegion")) return Results.Bytes(_page.Html, "text/html; charset=utf-8");
        if (_sources.Board.Current.Activation is not { } activation)
        {
            return Results.Text(
                "This gateway shows no activation key now: it is activated, or it cannot reach the service yet. Its page says which.\n",
                statusCode: StatusCodes.Status409Conflict);
        }
        if (query.ContainsKey("no_redirect")) return Results.Text(activation.ActivationKey);
        var separator = activation.ConsoleUrl.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        return Results.Redirect(
            $"{activation.ConsoleUrl}{separator}activationRegion={Uri.EscapeDataString(query["activationRegion"].ToString())}&activationKey={Uri.EscapeDataString(activation.ActivationKey)}");
    }

    /// <summary>
    /// <c>past</c> once, then the status now and after every change, and <c>traffic</c> with every sample: these tell a reader too that the
    /// agent lives.
    /// </summary>
    private async IAsyncEnumerable<SseItem<string>> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (last, board, past) = ("", _sources.Board, _sources.Traffic.Read());
        yield return new SseItem<string>(JsonSerializer.Serialize(past, AgentJson.Default.TrafficDocument), "past");
        for (var sequence = past.Sequence; ;)
        {
            var changed = board.WhenChanged;
            var json = JsonSerializer.Serialize(board.Current, AgentJson.Default.AgentStatus);
            if (json != last) yield return new SseItem<string>(last = json);
            var traffic = _sources.Traffic.Read(after: sequence);
            if (traffic.Sequence != sequence)
            {
                sequence = traffic.Sequence;
                yield return new SseItem<string>(JsonSerializer.Serialize(traffic, AgentJson.Default.TrafficDocument), "traffic");
            }
            using var tick = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            try
            {
                await Task.WhenAny(changed, Task.Delay(VolumeInterval, _time, tick.Token));
            }
            finally
            {
                await tick.CancelAsync();
            }
            if (cancellationToken.IsCancellationRequested) yield break;
        }
    }
}
