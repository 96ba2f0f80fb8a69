using System.Buffers.Text;
using System.Security.Cryptography;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Accounts;

/// <summary>See <see cref="IApiKeyGrain"/>. The secret it returns is the last part of the key's text (<see cref="ApiKeyText"/>).</summary>
[GrainType("api-key")]
internal sealed class ApiKeyGrain([PersistentState("api-key", "state")] IPersistentState<ApiKeyState> storage, AggregateServices services)
    : AggregateGrain<ApiKeyState>(storage, services), IApiKeyGrain
{
    /// <inheritdoc />
    public async Task<string> Create(string accountId, string label, Role role, TimeSpan? lifetime)
    {
        if (role == Role.Operator) Authorisation.RequireOperator();
        else Authorisation.RequireAccount(accountId, $"Account {accountId}");
        if (role is not (Role.Tenant or Role.Operator)) throw Arguments.Invalid("An API key's role is tenant or operator.");
        Arguments.Text(label, "label", 128);
        if (lifetime is { } asked && (asked <= TimeSpan.Zero || asked > ApiKeyMachine.MaxLifetime))
        {
            throw Arguments.Invalid($"The lifetime must be positive and at most {ApiKeyMachine.MaxLifetime.TotalDays} days.");
        }

        if (role == Role.Tenant) await GrainFactory.GetGrain<IAccountGrain>(accountId).Describe();
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(ApiKeyText.SecretBytes));
        var owner = role == Role.Operator ? "" : accountId;
        await ChangeAsync((state, now) => ApiKeyMachine.Create(state, owner, label, role, lifetime, ApiKeyMachine.HashOf(secret), now));
        return secret;
    }

    /// <inheritdoc />
    public Task<Caller?> Authenticate(string secret) =>
        Task.FromResult(ApiKeyMachine.Authenticate(State, Key, ApiKeyMachine.HashOf(secret), Now));

    /// <inheritdoc />
    public async Task Revoke()
    {
        if (State.Role == Role.None) throw Authorisation.NotFound($"API key {Key}");
        if (State.Role == Role.Operator && Caller.Current.Role != Role.Operator) throw Authorisation.NotFound($"API key {Key}");
        Authorisation.RequireAccount(State.AccountId, $"API key {Key}");
        await ChangeAsync(ApiKeyMachine.Revoke);
    }

    /// <inheritdoc />
    protected override string OwnerOf(ApiKeyState state) => state.AccountId;

    /// <inheritdoc />
    protected override object? RowOf(ApiKeyState state) => state.RevokedAt is not null
        ? null
        : new { type = "apiKey", id = Key, state.AccountId, state.Label, state.Role, state.CreatedAt, state.ExpiresAt };
}
