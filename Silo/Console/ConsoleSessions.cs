using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Ids;

namespace Tidegate.Silo.Console;

/// <summary>
/// Whom a session's cookie stands for. Its text is the 20 digits of the user's id, a full stop and the session's token. What was verified is believed
/// for a few seconds, as API keys are.
/// </summary>
internal sealed class ConsoleSessions(IGrainFactory grains, TimeProvider time)
{
    private const string IdPrefix = "usr-";
    private const int IdDigits = 20;
    private const int MaxEntries = 10_000;
    private const int MaxCookieLength = 128;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, (SessionDescription Session, long At)> _known = [];

    /// <summary>The cookie for a session that has begun.</summary>
    public static string CookieOf(StartedSession started) => $"{started.Session.Caller.ActorId[IdPrefix.Length..]}.{started.Token}";

    /// <summary>The session, or null for a cookie that stands for none (any more).</summary>
    public async Task<SessionDescription?> AuthenticateAsync(string? cookie, bool isUse)
    {
        if (!IsSession(cookie, out var userId, out var token)) return null;
        var hash = HashOf(cookie!);
        if (_known.TryGetValue(hash, out var known))
        {
            if (time.GetElapsedTime(known.At) < Lifetime) return known.Session;
            _known.TryRemove(hash, out _);
        }

        if (await grains.GetGrain<IUserGrain>(userId).Authenticate(token, isUse) is not { } session) return null;
        if (_known.Count >= MaxEntries) _known.Clear();
        _known[hash] = (session, time.GetTimestamp());
        return session;
    }

    /// <summary>Ends the session of a cookie.</summary>
    public async Task EndAsync(string? cookie)
    {
        if (!IsSession(cookie, out var userId, out var token)) return;
        await grains.GetGrain<IUserGrain>(userId).SignOut(token);
        _known.TryRemove(HashOf(cookie!), out _);
    }

    /// <summary>Forgets what is believed of a user's sessions.</summary>
    public void Forget(string userId)
    {
        foreach (var (hash, known) in _known)
        {
            if (known.Session.Caller.ActorId == userId) _known.TryRemove(hash, out _);
        }
    }

    /// <summary>Takes a cookie apart.</summary>
    public static bool IsSession(string? cookie, out string userId, out string token)
    {
        (userId, token) = ("", "");
        if (cookie is not { Length: > IdDigits + 1 and <= MaxCookieLength } || cookie[IdDigits] != '.') return false;
        (userId, token) = (IdPrefix + cookie[..IdDigits], cookie[(IdDigits + 1)..]);
        return ResourceId.IsValid(ResourceKind.User, userId);
    }

    private static string HashOf(string cookie) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(cookie)));
}
