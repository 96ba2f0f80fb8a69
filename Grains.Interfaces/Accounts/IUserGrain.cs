using Orleans.Concurrency;

namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>
/// A person who signs in to the console (<c>docs/protocols/console.md</c>, Users). Key: user id, which is a function of the name. Methods for
/// administrators answer foreign and missing users alike.
/// </summary>
[GrainInterfaceType("tidegate.user"), Alias("tidegate.user")]
public interface IUserGrain : IGrainWithStringKey
{
    /// <summary>
    /// Makes the user. Throws <c>NameInUse</c> when there is one of the name, <c>InvalidArgument</c> for a name, role or password that will not do.
    /// </summary>
    [Alias("create")]
    Task<UserDescription> Create(UserSpecification specification, string password);

    /// <summary>The user. Throws <c>NotFound</c> when it is not the caller's.</summary>
    [AlwaysInterleave, Alias("describe")]
    Task<UserDescription> Describe();

    /// <summary>
    /// Begins a session, or null: unknown user and wrong password are never told apart, nor by the time it takes. Throws <c>RateLimited</c> after too
    /// many failures, whatever the password.
    /// </summary>
    [Alias("sign-in")]
    Task<StartedSession?> SignIn(string password, SessionOrigin origin);

    /// <summary>
    /// Begins a session of somebody whom an identity provider vouches for; makes the user at the first one. Throws <c>Forbidden</c> when the name is a
    /// local user's or another person's at the provider.
    /// </summary>
    [Alias("sign-in-external")]
    Task<StartedSession> SignInExternal(UserSpecification specification, string issuer, string subject, SessionOrigin origin);

    /// <summary>The session that a token stands for, or null; with <paramref name="isUse"/> it counts as used now.</summary>
    [AlwaysInterleave, Alias("authenticate")]
    Task<SessionDescription?> Authenticate(string token, bool isUse);

    /// <summary>The user's sessions, for whoever holds one of them.</summary>
    [AlwaysInterleave, Alias("list-sessions")]
    Task<IReadOnlyList<SessionSummary>> ListSessions();

    /// <summary>Ends the session of a token; one that has ended changes nothing.</summary>
    [Alias("sign-out")]
    Task SignOut(string token);

    /// <summary>Ends all sessions of the calling user.</summary>
    [Alias("sign-out-everywhere")]
    Task SignOutEverywhere();

    /// <summary>
    /// Changes the calling user's password and ends all other sessions. Throws <c>InvalidArgument</c> for a wrong old or an unfit new one, and
    /// <c>RateLimited</c> as the sign-in does.
    /// </summary>
    [Alias("change-password")]
    Task ChangePassword(string oldPassword, string newPassword, string token);

    /// <summary>Sets the password, for administrators, and ends all sessions.</summary>
    [Alias("set-password")]
    Task SetPassword(string password);

    /// <summary>Ends the user and all its sessions.</summary>
    [Alias("delete")]
    Task Delete();
}
