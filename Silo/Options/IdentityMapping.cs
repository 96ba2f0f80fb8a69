using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Options;

/// <summary>Which account and role people with a claim get.</summary>
public sealed class IdentityMapping
{
    /// <summary>Name of the claim, for example <c>groups</c>.</summary>
    public string Claim { get; set; } = "";

    /// <summary>Its value; one of its values when it has several.</summary>
    public string Value { get; set; } = "";

    /// <summary>What they may do.</summary>
    public Role Role { get; set; } = Role.Reader;

    /// <summary>Their account; empty for operators.</summary>
    public string AccountId { get; set; } = "";
}
