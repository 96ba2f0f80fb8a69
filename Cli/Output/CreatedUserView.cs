using System.Text;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Cli.Output;

/// <summary>A user that was made, with the password when it was drawn here: it is shown once. Prints without it.</summary>
internal sealed record CreatedUserView(string UserId, string Name, string AccountId, Role Role, string? Password)
{
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("UserId = ").Append(UserId).Append(", Name = ").Append(Name);
        return true;
    }
}
