using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Keys;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Accounts;

/// <summary>See <see cref="IAccountGrain"/>. Accounts are the operator's to create.</summary>
[GrainType("account")]
internal sealed class AccountGrain(
    [PersistentState("account", "state")] IPersistentState<AccountState> storage, AggregateServices services, KeyRotator rotator)
    : AggregateGrain<AccountState>(storage, services), IAccountGrain, IRotatesKey
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);

    /// <inheritdoc />
    public async Task Create(string name)
    {
        Authorisation.RequireOperator();
        Arguments.Name(name, "account name");
        await ChangeAsync((state, now) => AccountMachine.Create(state, name, now));
    }

    /// <inheritdoc />
    public Task<AccountDescription> Describe()
    {
        if (State.Name.Length == 0) throw Authorisation.NotFound($"Account {Key}");
        Authorisation.RequireAccount(Key, $"Account {Key}");
        return Task.FromResult(new AccountDescription(Key, State.Name, State.CreatedAt)
        {
            KeyRotationBegunAt = State.KeyRotationBegunAt,
            KeyRotatedAt = State.KeyRotatedAt,
        });
    }

    /// <inheritdoc />
    public async Task<AccountDescription> RotateKey()
    {
        await Describe();
        await ChangeAsync(AccountMachine.BeginRotation);
        return await Describe();
    }

    /// <inheritdoc />
    public Task KeyRotated(int volumes) => ChangeAsync((state, now) => AccountMachine.EndRotation(state, volumes, now));

    /// <inheritdoc />
    protected override Task<TimeSpan?> SettleOthersAsync()
    {
        if (State.KeyRotationBegunAt is null) return Task.FromResult<TimeSpan?>(null);
        rotator.TryStart(Key);
        return Task.FromResult<TimeSpan?>(LookAgain);
    }

    /// <inheritdoc />
    protected override string OwnerOf(AccountState state) => Key;

    /// <inheritdoc />
    protected override object? RowOf(AccountState state) => new { type = "account", id = Key, state.Name, state.CreatedAt };
}
