using System.Security.Cryptography;
using System.Text;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Accounts;

/// <summary>What an API key may become, and whom a secret stands for. Pure.</summary>
internal static class ApiKeyMachine
{
    /// <summary>Longest lifetime that may be asked for.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(3650);

    /// <summary>Hash of a secret as it is stored.</summary>
    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>Creates the key; a key is created once.</summary>
    public static Change<ApiKeyState, ApiKeyState> Create(
        ApiKeyState state, string accountId, string label, Role role, TimeSpan? lifetime, byte[] secretHash, DateTimeOffset now)
    {
        if (state.Role != Role.None) throw new TidegateException(ErrorCodes.InvalidState, "The API key exists already.", "Create another one.");
        var next = state with
        {
            AccountId = accountId,
            Label = label,
            Role = role,
            SecretHash = secretHash,
            CreatedAt = now,
            ExpiresAt = now + lifetime,
        };
        return Change.To(next, new DomainEvent("api-key.created", new { label, role, next.ExpiresAt }));
    }

    /// <summary>Revokes; again changes nothing.</summary>
    public static Change<ApiKeyState, ApiKeyState> Revoke(ApiKeyState state, DateTimeOffset now) => state.RevokedAt is not null
        ? Change.Keep(state)
        : Change.To(state with { RevokedAt = now }, new DomainEvent("api-key.revoked"));

    /// <summary>The caller, or null; the comparison takes the same time whatever the secret.</summary>
    public static Caller? Authenticate(ApiKeyState state, string keyId, byte[] secretHash, DateTimeOffset now)
    {
        var isRight = CryptographicOperations.FixedTimeEquals(state.SecretHash, secretHash);
        var isLive = state.Role != Role.None && state.RevokedAt is null && (state.ExpiresAt is not { } end || now < end);
        return isRight && isLive ? new Caller(state.Role, state.AccountId, "", keyId) : null;
    }
}
