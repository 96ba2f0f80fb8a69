using System.Text;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/users</c>. Prints without the password.</summary>
/// <param name="Name">1 to 64 of letters, digits, <c>.</c>, <c>_</c>, <c>-</c>, <c>@</c>, <c>+</c>; unique in the service.</param>
/// <param name="Password">12 to 128 characters, without the name.</param>
/// <param name="Role">What it may do.</param>
/// <param name="AccountId">Its account; null for the caller's own, or for an operator.</param>
public sealed record CreateUserRequest(string Name, string Password, Role Role, string? AccountId = null)
{
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Name = ").Append(Name).Append(", Role = ").Append(Role).Append(", AccountId = ").Append(AccountId);
        return true;
    }
}
