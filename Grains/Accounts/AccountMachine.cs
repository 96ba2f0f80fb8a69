using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Accounts;

/// <summary>What an account may become. Pure.</summary>
internal static class AccountMachine
{
    /// <summary>Creates; the same name again changes nothing.</summary>
    public static Change<AccountState, AccountState> Create(AccountState state, string name, DateTimeOffset now)
    {
        if (state.Name == name) return Change.Keep(state);
        if (state.Name.Length > 0) throw new TidegateException(ErrorCodes.InvalidState, "The account exists under another name.", "Use a fresh account id.");
        return Change.To(state with { Name = name, CreatedAt = now }, new DomainEvent("account.created", new { name }));
    }

    /// <summary>A rotation of the account's key begins; one that is under way goes on.</summary>
    public static Change<AccountState, AccountState> BeginRotation(AccountState state, DateTimeOffset now) => state.KeyRotationBegunAt is not null
        ? Change.Keep(state)
        : Change.To(state with { KeyRotationBegunAt = now }, new DomainEvent("account.key-rotation-begun"));

    /// <summary>Nothing is wrapped by the old key any more, and it is destroyed.</summary>
    public static Change<AccountState, AccountState> EndRotation(AccountState state, int volumes, DateTimeOffset now) => state.KeyRotationBegunAt is null
        ? Change.Keep(state)
        : Change.To(state with { KeyRotationBegunAt = null, KeyRotatedAt = now }, new DomainEvent("account.key-rotated", new { volumes }));
}
