using System.Text;

namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>PUT /v1/users/{id}/password</c>. Prints without it.</summary>
/// <param name="Password">12 to 128 characters, without the user's name.</param>
public sealed record SetPasswordRequest(string Password)
{
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Password = (redacted)");
        return true;
    }
}
