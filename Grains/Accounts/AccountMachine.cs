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
}
