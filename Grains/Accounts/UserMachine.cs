using System.Security.Cryptography;
using System.Text;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Accounts;

/// <summary>What a user may become, and whom a session's token stands for (<c>docs/protocols/console.md</c>, Users). Pure.</summary>
internal static class UserMachine
{
    /// <summary>Sessions of a user; one more ends the oldest.</summary>
    public const int MaxSessions = 16;

    /// <summary>A session ends so long after its last use.</summary>
    public static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(30);

    /// <summary>A session ends so long after its beginning.</summary>
    public static readonly TimeSpan SessionLimit = TimeSpan.FromHours(12);

    /// <summary>Uses are saved no more often than this.</summary>
    public static readonly TimeSpan UseInterval = TimeSpan.FromMinutes(1);

    private const int MaxAddressLength = 64;
    private const int MaxBrowserLength = 160;

    /// <summary>Hash of a session's token as it is stored.</summary>
    public static byte[] HashOf(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>Makes the user.</summary>
    public static Change<UserState, UserState> Create(UserState state, UserSpecification wanted, PasswordHash? password, string external, DateTimeOffset now)
    {
        if (state.Name.Length > 0) throw new TidegateException(ErrorCodes.NameInUse, $"There is a user '{wanted.Name}' already.", "Choose another name.");
        var next = new UserState
        {
            Outbox = state.Outbox,
            Name = wanted.Name,
            AccountId = wanted.AccountId,
            Role = wanted.Role,
            Password = password,
            External = external,
            CreatedAt = now,
        };
        return Change.To(next, new DomainEvent("user.created", new { wanted.Name, wanted.Role, isExternal = external.Length > 0 }));
    }

    /// <summary>Takes the account and role that the identity provider's mapping gives now; sessions with other rights end.</summary>
    public static Change<UserState, UserState> Mapped(UserState state, UserSpecification wanted) => state.AccountId == wanted.AccountId && state.Role == wanted.Role
        ? Change.Keep(state)
        : Change.To(
            state with { AccountId = wanted.AccountId, Role = wanted.Role, Sessions = [] },
            new DomainEvent("user.mapped", new { wanted.AccountId, wanted.Role }));

    /// <summary>Begins a session; the hash is that of its token.</summary>
    public static Change<UserState, SavedSession> SignedIn(UserState state, byte[] tokenHash, SessionOrigin origin, PasswordHash? renewed, DateTimeOffset now)
    {
        var session = new SavedSession(tokenHash, Bounded(origin), now, now);
        SavedSession[] others = [.. state.Sessions.Where(known => IsOpen(known, now)).TakeLast(MaxSessions - 1)];
        return new Change<UserState, SavedSession>(
            state with { Sessions = [.. others, session], Password = renewed ?? state.Password },
            session,
            new DomainEvent("user.signed-in", new { session.SessionId, session.Origin.Address }));
    }

    /// <summary>The open session of a token; null when there is none.</summary>
    public static SavedSession? Find(UserState state, byte[] tokenHash, DateTimeOffset now) =>
        state.Sessions.FirstOrDefault(session => CryptographicOperations.FixedTimeEquals(session.TokenHash, tokenHash) && IsOpen(session, now));

    /// <summary>Notes a use of a session, when the last one noted is long enough ago.</summary>
    public static Change<UserState, UserState> Used(UserState state, byte[] tokenHash, DateTimeOffset now)
    {
        if (Find(state, tokenHash, now) is not { } session || now - session.LastUsedAt < UseInterval) return Change.Keep(state);
        return Change.To(state with { Sessions = [.. state.Sessions.Select(known => known == session ? known with { LastUsedAt = now } : known)] });
    }

    /// <summary>Ends a session; one that has ended changes nothing.</summary>
    public static Change<UserState, UserState> SignedOut(UserState state, byte[] tokenHash, DateTimeOffset now) => Find(state, tokenHash, now) is { } session
        ? Change.To(state with { Sessions = [.. state.Sessions.Where(known => known != session)] }, new DomainEvent("user.signed-out", new { session.SessionId }))
        : Change.Keep(state);

    /// <summary>Ends all sessions.</summary>
    public static Change<UserState, UserState> SignedOutEverywhere(UserState state) => state.Sessions.Length == 0
        ? Change.Keep(state)
        : Change.To(state with { Sessions = [] }, new DomainEvent("user.signed-out-everywhere"));

    /// <summary>Takes a new password; of the sessions only that of <paramref name="keep"/> goes on.</summary>
    public static Change<UserState, UserState> PasswordSet(UserState state, PasswordHash password, byte[]? keep, DateTimeOffset now) => Change.To(
        state with { Password = password, Sessions = keep is not null && Find(state, keep, now) is { } kept ? [kept] : [] },
        new DomainEvent("user.password-set"));

    /// <summary>Ends the user; the name is free again.</summary>
    public static Change<UserState, UserState> Deleted(UserState state) => state.Name.Length == 0
        ? Change.Keep(state)
        : Change.To(new UserState { Outbox = state.Outbox, AccountId = state.AccountId }, new DomainEvent("user.deleted", new { state.Name }));

    /// <summary>What a session stands for.</summary>
    public static SessionDescription Describe(UserState state, string userId, SavedSession session) => new(
        session.SessionId, state.Name, new Caller(state.Role, state.AccountId, "", userId), session.BegunAt + SessionLimit)
    {
        HasPassword = state.Password is not null,
    };

    /// <summary>True until a session ends by itself.</summary>
    public static bool IsOpen(SavedSession session, DateTimeOffset now) => now < session.LastUsedAt + IdleLimit && now < session.BegunAt + SessionLimit;

    private static SessionOrigin Bounded(SessionOrigin origin) => new(Cut(origin.Address, MaxAddressLength), Cut(origin.Browser, MaxBrowserLength));

    private static string Cut(string text, int length) => new([.. text.Where(c => !char.IsControl(c)).Take(length)]);
}
