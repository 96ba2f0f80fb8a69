using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Options;

/// <summary>An OpenID Connect provider that people sign in to the console with. Section <c>Tidegate:Console:OpenIdConnect</c>; off without an authority.</summary>
public sealed class IdentityProviderOptions : ICheckedOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tidegate:Console:OpenIdConnect";

    /// <summary>The provider's https URL; empty for none.</summary>
    public string Authority { get; set; } = "";

    /// <summary>What the sign-in page calls it.</summary>
    public string DisplayName { get; set; } = "your organisation";

    /// <summary>The client id that the provider knows the console by.</summary>
    public string ClientId { get; set; } = "";

    /// <summary>The client's secret; empty for a public client, which PKCE protects alone.</summary>
    public Secret ClientSecret { get; set; } = Secret.None;

    /// <summary>PEM file of CAs to trust for the provider; empty for the system's.</summary>
    public string CaFile { get; set; } = "";

    /// <summary>Claim that holds the user's name, <c>email</c> by default; it must be one that people cannot choose for themselves.</summary>
    public string NameClaim { get; set; } = "email";

    /// <summary>Scopes to ask for besides <c>openid</c>; <c>profile email</c> when none is given.</summary>
    public IList<string> Scopes { get; init; } = [];

    /// <summary>Who gets which account and role; the first that fits counts.</summary>
    public IList<IdentityMapping> Mappings { get; init; } = [];

    /// <summary>True when there is a provider.</summary>
    internal bool IsOn => Authority.Length > 0;

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        if (!IsOn) yield break;
        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttps)
            yield return $"{Section}:Authority is '{Authority}'; it must be an https URL, for example 'https://login.example.net'.";
        if (ClientId.Length == 0) yield return $"{Section}:ClientId is missing; it is what the provider knows the console by.";
        if (NameClaim.Length == 0) yield return $"{Section}:NameClaim is missing; name the claim that holds the user's name, for example 'email'.";
        if (Mappings.Count == 0) yield return $"{Section}:Mappings is missing; without one nobody gets an account and a role.";
        foreach (var (number, mapping) in Mappings.Index())
        {
            if (mapping.Claim.Length == 0 || mapping.Value.Length == 0) yield return $"{Section}:Mappings:{number} needs a Claim and a Value.";
            if (!UserRoles.All.Contains(mapping.Role)) yield return $"{Section}:Mappings:{number}:Role is '{mapping.Role}', which is no role of users.";
            if (mapping.Role == Role.Operator ? mapping.AccountId.Length > 0 : !ResourceId.IsValid(ResourceKind.Account, mapping.AccountId))
                yield return $"{Section}:Mappings:{number}:AccountId is '{mapping.AccountId}'; it must be an account's id, and empty for operators.";
        }
    }
}
