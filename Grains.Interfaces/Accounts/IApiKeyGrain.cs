using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>An API key: its hash, account and scopes. Key: API key id. The secret is shown once and never stored.</summary>
[GrainInterfaceType("tidegate.api-key"), Alias("tidegate.api-key")]
public interface IApiKeyGrain : IGrainWithStringKey
{
    /// <summary>
    /// Creates the key and returns its secret, the only time it is readable. Only an operator makes operators, and only an admin makes keys of
    /// its account; a key that is made with one that ends does not outlive it, and with one that is bound to volumes none is made.
    /// </summary>
    [Alias("create-key")]
    Task<string> Create(string accountId, ApiKeyTerms terms);

    /// <summary>The caller that <paramref name="secret"/> stands for, or null when it is wrong, expired or revoked.</summary>
    [Alias("authenticate")]
    Task<Caller?> Authenticate(string secret);

    /// <summary>
    /// Ends the key: developers' clients with its certificates are out within five seconds everywhere (I9). Throws <c>Unavailable</c> when that is not
    /// durable yet: sent again, it shows when it is.
    /// </summary>
    [Alias("revoke")]
    Task Revoke();

    /// <summary>
    /// Writes breaches of the link into the key's audit chain. Called by the silo that noticed them, which sees to the pace. Does nothing for a
    /// key that never was; throws <c>Unavailable</c> while the audit log takes nothing.
    /// </summary>
    [Alias("record-breaches")]
    Task RecordBreaches(LinkBreaches breaches);
}
