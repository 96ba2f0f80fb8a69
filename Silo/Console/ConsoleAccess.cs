using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Console;

/// <summary>Endpoint metadata: the roles of users that a page or form is open to (<c>docs/protocols/console.md</c>, Roles).</summary>
internal sealed record ConsoleAccess(IReadOnlyList<Role> Roles);
