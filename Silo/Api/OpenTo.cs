using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Api;

/// <summary>
/// Endpoint metadata: the roles that may call. A route of the API without it is open to nobody (<c>docs/security/access.md</c>).
/// </summary>
/// <param name="Roles">One of the sets in <see cref="Grains.Interfaces.Security.Roles"/>.</param>
/// <param name="AlsoBound">True when a credential that is bound to volumes may call as well: what it names is then compared with the bounds.</param>
internal sealed record OpenTo(IReadOnlyList<Role> Roles, bool AlsoBound);
