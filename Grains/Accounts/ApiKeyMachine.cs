using System.Security.Cryptography;
using System.Text;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Accounts;

/// <summary>What an API key may become, and whom a secret stands for. Pure.</summary>
internal static class ApiKeyMachine
{
    /// <summary>Longest lifetime that may be asked for.</summary>
    public static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(3650);

    /// <summary>Longer than any certificate of a developer's client lives that was issued for a key before it was revoked: an hour, and what silos believe a key for.</summary>
    public static readonly TimeSpan LongestClient = TimeSpan.FromHours(2);

    /// <summary>Hash of a secret as it is stored.</summary>
    public static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>Most volumes that a key may be bound to.</summary>
    public const int MaxVolumes = 16;

    /// <summary>Throws <c>InvalidArgument</c> unless the terms may be asked for at all.</summary>
    public static void Check(ApiKeyTerms terms)
    {
        if (terms.Role != Role.Operator && !Roles.IsOfAccount(terms.Role))
            throw Arguments.Invalid("An API key's role is operator, accountAdmin, uploader or reader.");
        Arguments.Text(terms.Label, "label", 128);
        if (terms.Lifetime is { } asked && (asked <= TimeSpan.Zero || asked > MaxLifetime))
            throw Arguments.Invalid($"The lifetime must be positive and at most {MaxLifetime.TotalDays} days.");
        if (terms.VolumeIds.Length > MaxVolumes || terms.VolumeIds.Any(id => !ResourceId.IsValid(ResourceKind.Volume, id)))
            throw Arguments.Invalid($"An API key is bound to at most {MaxVolumes} volumes, by their ids.");
        if (terms.VolumeIds.Length > 0 && terms.Role == Role.Operator) throw Arguments.Invalid("An operator's key is bound to no volumes.");
    }

    /// <summary>Creates the key; a key is created once. It ends with <paramref name="makerEndsAt"/> at the latest.</summary>
    public static Change<ApiKeyState, ApiKeyState> Create(
        ApiKeyState state, string accountId, ApiKeyTerms terms, DateTimeOffset? makerEndsAt, byte[] secretHash, DateTimeOffset now)
    {
        var (label, role) = (terms.Label, terms.Role);
        var expiresAt = now + terms.Lifetime;
        if (makerEndsAt is { } end && !(expiresAt <= end)) expiresAt = end;
        if (state.Role != Role.None) throw new TidegateException(ErrorCodes.InvalidState, "The API key exists already.", "Create another one.");
        var next = state with
        {
            AccountId = accountId,
            Label = label,
            Role = role,
            SecretHash = secretHash,
            CreatedAt = now,
            ExpiresAt = expiresAt,
            Volumes = string.Join(',', terms.VolumeIds.Distinct().Order(StringComparer.Ordinal)),
        };
        return Change.To(next, new DomainEvent("api-key.created", new { label, role, next.ExpiresAt, next.Volumes }));
    }

    /// <summary>Revokes; again changes nothing.</summary>
    public static Change<ApiKeyState, ApiKeyState> Revoke(ApiKeyState state, DateTimeOffset now) => state.RevokedAt is not null
        ? Change.Keep(state)
        : Change.To(state with { RevokedAt = now }, new DomainEvent("api-key.revoked"));

    /// <summary>Breaches of the link go into the audit chain, also of a revoked key.</summary>
    public static Change<ApiKeyState, ApiKeyState> RecordBreaches(ApiKeyState state, LinkBreaches breaches) =>
        state.Role == Role.None ? Change.Keep(state) : Change.To(state with { }, BreachRecords.Of("api-key.link-breached", state, breaches));

    /// <summary>The caller, or null; the comparison takes the same time whatever the secret.</summary>
    public static Caller? Authenticate(ApiKeyState state, string keyId, byte[] secretHash, DateTimeOffset now)
    {
        var isRight = CryptographicOperations.FixedTimeEquals(state.SecretHash, secretHash);
        var isLive = state.Role != Role.None && state.RevokedAt is null && (state.ExpiresAt is not { } end || now < end);
        return isRight && isLive ? new Caller(state.Role, state.AccountId, "", keyId) { Volumes = state.Volumes, ExpiresAt = state.ExpiresAt } : null;
    }
}
