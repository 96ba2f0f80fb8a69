using System.Security.Cryptography;
using System.Text;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Accounts;

/// <summary>Names of users and the ids that follow from them (<c>docs/protocols/console.md</c>, Users).</summary>
public static class UserNames
{
    /// <summary>Longest name.</summary>
    public const int MaxLength = 64;

    private const int IdBytes = 10;

    /// <summary>The id of the user of a name, in whatever case; null when it cannot be a name.</summary>
    public static string? IdOf(string? name) => IsName(name)
        ? "usr-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes("tidegate-user-1\n" + name!.ToLowerInvariant())).AsSpan(0, IdBytes))
        : null;

    /// <summary>The name, or throws <c>InvalidArgument</c>.</summary>
    internal static string Require(string? name) => IsName(name)
        ? name!
        : throw Arguments.Invalid($"The user's name must be 1 to {MaxLength} ASCII letters, digits, '.', '_', '-', '@' or '+'.");

    private static bool IsName(string? name) =>
        name is { Length: > 0 and <= MaxLength } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '@' or '+');
}
