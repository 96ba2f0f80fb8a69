using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/accounts/{id}/api-keys</c>.</summary>
/// <param name="Label">For people; at most 128 characters.</param>
/// <param name="Role">What the key may do; <see cref="Role.Tenant"/> for customers.</param>
/// <param name="LifetimeSeconds">Seconds until it expires; null for no expiry.</param>
public sealed record CreateApiKeyRequest(string Label, Role Role, long? LifetimeSeconds = null);
