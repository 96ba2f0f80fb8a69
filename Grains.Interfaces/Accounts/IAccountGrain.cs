using Orleans.Concurrency;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>An account. Key: account id.</summary>
[GrainInterfaceType("tidegate.account"), Alias("tidegate.account")]
[KeyBelongsTo(KeyOwner.Account, ResourceKind.Account)]
public interface IAccountGrain : IGrainWithStringKey
{
    /// <summary>Creates the account; idempotent for the same name.</summary>
    [Alias("create")]
    Task Create(string name);

    /// <summary>Name and creation time; throws <c>NotFound</c>.</summary>
    [ReachableBy(Role.AccountAdmin, Role.Reader), AlwaysInterleave, Alias("describe")]
    Task<AccountDescription> Describe();

    /// <summary>
    /// Begins a rotation of the account's key: every wrapped key is wrapped anew in the background, and the old key is destroyed when nothing
    /// needs it any more. One that is under way goes on.
    /// </summary>
    [ReachableBy(Role.AccountAdmin), Alias("rotate-key")]
    Task<AccountDescription> RotateKey();
}
