using System.Collections.Concurrent;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Components;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Console;

/// <summary>
/// Live parts of pages (<c>docs/protocols/console.md</c>, Pages): each stream looks every 2 s, in the name of the session, and sends what it shows when
/// that has changed. It ends with the session.
/// </summary>
internal sealed class LiveStreams(ConsoleSessions sessions, PageRenderer renderer, TimeProvider time)
{
    private const int MaxOfUser = 64;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, int> _open = [];

    /// <summary>The stream of a component whose parameters are read anew each time, for users of these roles.</summary>
    public async Task<IResult> OpenAsync<TPart>(HttpContext context, IReadOnlyList<Role> roles, Func<CancellationToken, Task<Dictionary<string, object?>>> read)
        where TPart : IComponent
    {
        var cookie = context.Request.Cookies[ConsoleCookies.Session];
        if (await sessions.AuthenticateAsync(cookie, isUse: false) is not { } session)
            throw new TidegateException(ErrorCodes.Unauthenticated, "Nobody is signed in.", "Sign in.");
        if (!roles.Contains(session.Caller.Role)) throw new TidegateException(ErrorCodes.Forbidden, "Your role does not allow this.", "Ask an administrator of the account.");
        // What cannot be read at all is refused as its page is.
        RequestContext.Set(Caller.ContextKey, session.Caller);
        await read(context.RequestAborted);
        if (_open.GetValueOrDefault(session.Caller.ActorId) >= MaxOfUser)
            throw new TidegateException(ErrorCodes.LimitExceeded, "Too many pages of this user are open.", "Close some.");
        return TypedResults.ServerSentEvents(WatchAsync(typeof(TPart), cookie, session.Caller.ActorId, read, context.RequestAborted));
    }

    private async IAsyncEnumerable<SseItem<string>> WatchAsync(
        Type part, string? cookie, string userId, Func<CancellationToken, Task<Dictionary<string, object?>>> read, [EnumeratorCancellation] CancellationToken stop)
    {
        _open.AddOrUpdate(userId, 1, static (_, open) => open + 1);
        try
        {
            using var timer = new PeriodicTimer(Interval, time);
            var last = "";
            do
            {
                var (html, isOver) = await LookAsync(part, cookie, read, stop);
                if (isOver)
                {
                    yield return new SseItem<string>("", "ended");
                    yield break;
                }

                if (html is null || html == last) continue;
                yield return new SseItem<string>(last = html);
            }
            while (await NextAsync(timer, stop));
        }
        finally
        {
            if (_open.AddOrUpdate(userId, 0, static (_, open) => open - 1) <= 0) _open.TryRemove(KeyValuePair.Create(userId, 0));
        }
    }

    private async Task<(string? Html, bool IsOver)> LookAsync(
        Type part, string? cookie, Func<CancellationToken, Task<Dictionary<string, object?>>> read, CancellationToken stop)
    {
        try
        {
            if (await sessions.AuthenticateAsync(cookie, isUse: false) is not { } session) return (null, true);
            RequestContext.Set(Caller.ContextKey, session.Caller);
            return (await renderer.RenderAsync(part, await read(stop)), false);
        }
        catch (TidegateException gone) when (gone.Code is ErrorCodes.NotFound or ErrorCodes.Forbidden)
        {
            return (null, true);
        }
        catch (Exception failure) when (failure is TidegateException or OrleansException or TimeoutException or System.Data.Common.DbException)
        {
            // What cannot be read now is looked at again; the page shows what it showed.
            return (null, false);
        }
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken stop)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
