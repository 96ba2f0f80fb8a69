using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Records;
using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Accounts;

/// <summary>See <see cref="IAccountGrain"/>. Accounts are the operator's to create (this part); their keys (Keys).</summary>
[GrainType("account")]
internal sealed partial class AccountGrain(
    [PersistentState("account", "state")] IPersistentState<AccountState> storage, AggregateServices services, IBlobStore blobs, IKeyProvider accountKeys,
    RecordArchive archive)
    : AggregateGrain<AccountState>(storage, services), IAccountGrain
{
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
        Authorisation.Require(Roles.Readers, Key, $"Account {Key}", null);
        return Task.FromResult(new AccountDescription(Key, State.Name, State.CreatedAt)
        {
            KeyRotationBegunAt = State.Rotation is { CompletedAt: null } underWay ? underWay.StartedAt : null,
            KeyRotatedAt = State.KeyRotatedAt,
            KeyRotation = State.Rotation is { } last
                ? new KeyRotationDescription(last.Generation, last.Stage, last.Volumes, last.TotalVolumes, last.Keys, last.NextPassAt, last.Problem)
                : null,
        });
    }

    /// <inheritdoc />
    protected override string OwnerOf(AccountState state) => Key;

    /// <inheritdoc />
    protected override object? RowOf(AccountState state) => new { type = "account", id = Key, state.Name, state.CreatedAt };
}
