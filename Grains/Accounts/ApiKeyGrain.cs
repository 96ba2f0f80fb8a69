using System.Buffers.Text;
using System.Security.Cryptography;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Accounts;

/// <summary>See <see cref="IApiKeyGrain"/>. The secret it returns is the last part of the key's text (<see cref="ApiKeyText"/>).</summary>
[GrainType("api-key")]
internal sealed class ApiKeyGrain([PersistentState("api-key", "state")] IPersistentState<ApiKeyState> storage, AggregateServices services, ICertificateRevocations revocations)
    : AggregateGrain<ApiKeyState>(storage, services), IApiKeyGrain
{
    /// <inheritdoc />
    public async Task<string> Create(string accountId, ApiKeyTerms terms)
    {
        if (terms.Role == Role.Operator) Authorisation.RequireOperator();
        else Authorisation.Require(Roles.Admins, accountId, $"Account {accountId}");
        ApiKeyMachine.Check(terms);
        if (terms.Role != Role.Operator) await GrainFactory.GetGrain<IAccountGrain>(accountId).Describe();
        var secret = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(ApiKeyText.SecretBytes));
        var owner = terms.Role == Role.Operator ? "" : accountId;
        await ChangeAsync((state, now) => ApiKeyMachine.Create(state, owner, terms, Caller.Current.ExpiresAt, ApiKeyMachine.HashOf(secret), now));
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
        Authorisation.Require(Roles.Admins, State.AccountId, $"API key {Key}");
        // First what ends the key's clients: if the save fails after it, its caller is told so, and nobody is let in by mistake.
        await revocations.RevokeAsync([new RevokedCertificate(Key, Now + ApiKeyMachine.LongestClient)]);
        await ChangeAsync(ApiKeyMachine.Revoke);
    }

    /// <inheritdoc />
    public Task RecordBreaches(LinkBreaches breaches) => ChangeAsync((state, _) => ApiKeyMachine.RecordBreaches(state, breaches));

    /// <inheritdoc />
    protected override string OwnerOf(ApiKeyState state) => state.AccountId;

    /// <inheritdoc />
    protected override object? RowOf(ApiKeyState state) => state.RevokedAt is not null
        ? null
        : new { type = "apiKey", id = Key, state.AccountId, state.Label, state.Role, state.CreatedAt, state.ExpiresAt, state.Volumes };
}
