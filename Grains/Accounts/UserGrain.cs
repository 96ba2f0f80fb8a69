using System.Buffers.Text;
using System.Security.Cryptography;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Accounts;

/// <summary>See <see cref="IUserGrain"/>. Sign-ins of one user wait for each other, so that none is looked at before the failures before it are counted.</summary>
[GrainType("user")]
internal sealed class UserGrain([PersistentState("user", "state")] IPersistentState<UserState> storage, AggregateServices services, PasswordHasher hasher)
    : AggregateGrain<UserState>(storage, services), IUserGrain
{
    private const int TokenBytes = 32;

    private readonly SignInFailures _failures = new();

    private bool Exists => State.Name.Length > 0;

    /// <inheritdoc />
    public async Task<UserDescription> Create(UserSpecification specification, string password)
    {
        ArgumentNullException.ThrowIfNull(specification);
        UserNames.Require(specification.Name);
        if (UserNames.IdOf(specification.Name) != Key) throw Arguments.Invalid("The user's id is not that of the name.");
        RequireLasting();
        await RequireMayCreateAsync(specification);
        PasswordHasher.Require(password, specification.Name);
        var hash = await hasher.HashAsync(password);
        return Describe(await ChangeAsync((state, now) => UserMachine.Create(state, specification, hash, "", now)));
    }

    /// <inheritdoc />
    public Task<UserDescription> Describe()
    {
        if (Caller.Current.ActorId != Key || !Exists) RequireAdministrator();
        return Task.FromResult(Describe(State));
    }

    /// <inheritdoc />
    public async Task<StartedSession?> SignIn(string password, SessionOrigin origin)
    {
        RequireUnblocked(origin.Address);
        if (!await hasher.IsRightAsync(password, State.Password))
        {
            _failures.Failed(origin.Address, Now);
            return null;
        }

        var renewed = State.Password!.Rounds < PasswordHasher.Rounds ? await hasher.HashAsync(password) : null;
        return await BeginAsync(origin, renewed);
    }

    /// <inheritdoc />
    public async Task<StartedSession> SignInExternal(UserSpecification specification, string issuer, string subject, SessionOrigin origin)
    {
        Authorisation.RequireOperator();
        UserNames.Require(specification.Name);
        var external = $"{issuer}\n{subject}";
        if (!Exists)
        {
            await SaveChangeAsync((state, now) => UserMachine.Create(state, specification, null, external, now));
        }
        else if (State.External != external)
        {
            throw new TidegateException(
                ErrorCodes.Forbidden, $"The name '{specification.Name}' is another user's.", "Ask the operator to delete that user, or to map another name.");
        }

        await SaveChangeAsync((state, _) => UserMachine.Mapped(state, specification));
        return await BeginAsync(origin, null);
    }

    /// <inheritdoc />
    public async Task<SessionDescription?> Authenticate(string token, bool isUse)
    {
        var hash = UserMachine.HashOf(token);
        if (!Exists || UserMachine.Find(State, hash, Now) is not { } session) return null;
        if (isUse && Now - session.LastUsedAt >= UserMachine.UseInterval)
        {
            try
            {
                await SaveChangeAsync((state, now) => UserMachine.Used(state, hash, now));
            }
            catch (TidegateException unsaved) when (unsaved.Code == ErrorCodes.Unavailable)
            {
                // The session goes on; the next use is noted.
            }
        }

        return UserMachine.Describe(State, Key, session);
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<SessionSummary>> ListSessions()
    {
        RequireSelf();
        return Task.FromResult<IReadOnlyList<SessionSummary>>(
        [
            .. State.Sessions.Where(session => UserMachine.IsOpen(session, Now))
                .Select(session => new SessionSummary(session.SessionId, session.Origin, session.BegunAt, session.LastUsedAt)),
        ]);
    }

    /// <inheritdoc />
    public Task SignOut(string token) => ChangeAsync((state, now) => UserMachine.SignedOut(state, UserMachine.HashOf(token), now));

    /// <inheritdoc />
    public async Task SignOutEverywhere()
    {
        RequireSelf();
        await ChangeAsync((state, _) => UserMachine.SignedOutEverywhere(state));
    }

    /// <inheritdoc />
    public async Task ChangePassword(string oldPassword, string newPassword, string token)
    {
        RequireSelf();
        RequireUnblocked("");
        if (!await hasher.IsRightAsync(oldPassword, State.Password))
        {
            _failures.Failed("", Now);
            throw new TidegateException(ErrorCodes.InvalidArgument, "The present password is not the one that was given.", "Type it again.");
        }

        PasswordHasher.Require(newPassword, State.Name);
        var hash = await hasher.HashAsync(newPassword);
        await ChangeAsync((state, now) => UserMachine.PasswordSet(state, hash, UserMachine.HashOf(token), now));
    }

    /// <inheritdoc />
    public async Task SetPassword(string password)
    {
        RequireAdministrator();
        if (State.External.Length > 0)
            throw new TidegateException(ErrorCodes.InvalidState, "An identity provider vouches for this user.", "Set the password there.");
        PasswordHasher.Require(password, State.Name);
        var hash = await hasher.HashAsync(password);
        await ChangeAsync((state, now) => UserMachine.PasswordSet(state, hash, null, now));
    }

    /// <inheritdoc />
    public async Task Delete()
    {
        RequireAdministrator();
        await ChangeAsync((state, _) => UserMachine.Deleted(state));
    }

    /// <inheritdoc />
    protected override string OwnerOf(UserState state) => state.AccountId;

    /// <inheritdoc />
    protected override object? RowOf(UserState state) => state.Name.Length == 0
        ? null
        : new { type = "user", id = Key, state.AccountId, state.Name, state.Role, state.CreatedAt };

    /// <summary>Sessions are not worth having back.</summary>
    protected override UserState RecordOf(UserState state) => state with { Sessions = [] };

    private async Task<StartedSession> BeginAsync(SessionOrigin origin, PasswordHash? renewed)
    {
        // It is the user who signs in, as far as the audit is concerned.
        RequestContext.Set(Caller.ContextKey, new Caller(State.Role, State.AccountId, "", Key));
        var token = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(TokenBytes));
        var session = await ChangeAsync((state, now) => UserMachine.SignedIn(state, UserMachine.HashOf(token), origin, renewed, now));
        return new StartedSession(token, UserMachine.Describe(State, Key, session));
    }

    private async Task RequireMayCreateAsync(UserSpecification wanted)
    {
        if (!UserRoles.All.Contains(wanted.Role)) throw Arguments.Invalid($"A user's role is one of {string.Join(", ", UserRoles.All).ToLowerInvariant()}.");
        if (wanted.Role == Role.Operator)
        {
            Authorisation.RequireOperator();
            if (wanted.AccountId.Length > 0) throw Arguments.Invalid("An operator belongs to no account.");
            return;
        }

        Authorisation.Require(Roles.Admins, wanted.AccountId, $"Account {wanted.AccountId}");
        await GrainFactory.GetGrain<IAccountGrain>(wanted.AccountId).Describe();
    }

    private void RequireUnblocked(string address)
    {
        if (_failures.IsBlocked(address, Now))
            throw new TidegateException(ErrorCodes.RateLimited, "There were too many failed attempts to sign in as this user.", "Wait ten minutes.");
    }

    private void RequireSelf()
    {
        if (!Exists || Caller.Current.ActorId != Key) throw Authorisation.NotFound($"User {Key}");
    }

    private void RequireAdministrator()
    {
        if (!Exists) throw Authorisation.NotFound($"User {Key}");
        Authorisation.Require(Roles.Admins, State.AccountId, $"User {Key}");
        RequireLasting();
    }

    // A user has no end, and must not outlive the credential that made it or knows its password.
    private static void RequireLasting()
    {
        if (Caller.Current.ExpiresAt is not null)
            throw new TidegateException(ErrorCodes.Forbidden, "A credential that ends makes no users and sets no passwords.", "Use one without an end.");
    }

    private UserDescription Describe(UserState state) => new(Key, state.Name, state.AccountId, state.Role, state.CreatedAt);
}
