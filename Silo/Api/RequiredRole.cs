using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Api;

/// <summary>Endpoint metadata: the only role that may call.</summary>
internal sealed record RequiredRole(Role Role);
