using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest.Models;

/// <summary>Who the presented key stands for: <c>GET /v1/me</c>.</summary>
/// <param name="Role">The verified role.</param>
/// <param name="AccountId">The account; empty for operators.</param>
/// <param name="KeyId">Id of the API key.</param>
public sealed record CallerView(Role Role, string AccountId, string KeyId);
