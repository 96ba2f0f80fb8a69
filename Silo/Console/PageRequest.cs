using Microsoft.AspNetCore.Components;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Api;
using Tidegate.Silo.Console.Views;

namespace Tidegate.Silo.Console;

/// <summary>One request for a page, or of a form: who asks, what was sent, and the ways to answer.</summary>
internal sealed class PageRequest(HttpContext context, SessionDescription? session, IFormCollection form)
{
    /// <summary>Name of the field that names the request.</summary>
    public const string RequestIdField = "requestId";

    private const int MaxRequestIdLength = 64;

    public HttpContext Context { get; } = context;

    /// <summary>Who is signed in; null on the pages that are for nobody in particular.</summary>
    public SessionDescription? Session { get; } = session;

    /// <summary>Whom grains see.</summary>
    public Caller Caller => Session?.Caller ?? Caller.Nobody;

    public IGrainFactory Grains => Service<IGrainFactory>();

    public Lists Lists => Service<Lists>();

    public CancellationToken Stop => Context.RequestAborted;

    /// <summary>The cookie that forms' tokens are made for.</summary>
    public string Cookie => Session is null ? ConsoleCookies.EnsureVisitor(Context) : Context.Request.Cookies[ConsoleCookies.Session]!;

    /// <summary>What was refused, when the page is the answer to a form that was.</summary>
    public PageError? Error { get; private set; }

    private int Status { get; set; } = StatusCodes.Status200OK;

    public T Service<T>()
        where T : notnull => Context.RequestServices.GetRequiredService<T>();

    /// <summary>A value of the form, or else of the query; empty when there is none.</summary>
    public string Value(string name) => form.TryGetValue(name, out var sent) ? sent.ToString().Trim() : Context.Request.Query[name].ToString().Trim();

    /// <summary>A value of the form as it was typed.</summary>
    public string Secret(string name) => form[name].ToString();

    /// <summary>A value of the address; empty when there is none.</summary>
    public string Route(string name) => Context.Request.RouteValues[name]?.ToString() ?? "";

    /// <summary>The id of what the form makes: the same however often it is sent.</summary>
    public string NewId(ResourceKind kind) => form[RequestIdField].ToString() is { Length: > 0 and <= MaxRequestIdLength } key
        ? Idempotency.NewId(kind, $"POST {Context.Request.Path}", key)
        : ResourceId.New(kind);

    /// <summary>Address of the next page of a list; null when there is none.</summary>
    public string? Next(string? pageToken, params IEnumerable<(string Name, string Value)> filters) => pageToken is null
        ? null
        : $"{Context.Request.Path}?page={Uri.EscapeDataString(pageToken)}" + string.Concat(filters.Where(static one => one.Value.Length > 0).Select(static one => $"&{one.Name}={Uri.EscapeDataString(one.Value)}"));

    /// <summary>Notes what was refused, for the page that is the answer.</summary>
    public void Refuse(PageError error, int status) => (Error, Status) = (error, status);

    /// <summary>Answers with a page.</summary>
    public async Task<IResult> PageAsync<TPage>(string title, params IEnumerable<(string Name, object? Value)> parameters)
        where TPage : IComponent
    {
        var values = parameters.ToDictionary(static one => one.Name, static one => one.Value);
        RenderFragment body = builder =>
        {
            builder.OpenComponent<TPage>(0);
            foreach (var (name, value) in values) builder.AddComponentParameter(1, name, value);
            builder.CloseComponent();
        };
        var html = await Service<PageRenderer>().RenderAsync(
            typeof(Document), new Dictionary<string, object?> { [nameof(Document.Frame)] = Frame(title), [nameof(Document.ChildContent)] = body });
        return Results.Content(html, "text/html; charset=utf-8", statusCode: Status);
    }

    /// <summary>Sends the browser on, after a form with a GET.</summary>
    public static IResult GoTo(string path) => new SeeOther(path);

    private PageFrame Frame(string title)
    {
        var assets = Service<ConsoleAssets>();
        return new PageFrame(
            title, Session, Context.Request.Path.Value!.Split('/')[1], Service<FormTokens>().For(Cookie), ResourceId.New(ResourceKind.Request),
            assets.Style, assets.Script, assets.Icon)
        {
            Error = Error,
            Done = Error is null ? DoneTexts.Of(Context.Request.Query["done"]) : "",
            MayChange = Roles.Admins.Contains(Caller.Role),
            MayTake = Roles.Uploaders.Contains(Caller.Role),
            MayOwn = Roles.Owners.Contains(Caller.Role),
        };
    }

    private sealed class SeeOther(string path) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = path;
            return Task.CompletedTask;
        }
    }
}
