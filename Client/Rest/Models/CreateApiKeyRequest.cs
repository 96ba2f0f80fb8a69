using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/accounts/{id}/api-keys</c>.</summary>
/// <param name="Label">For people; at most 128 characters.</param>
/// <param name="Role">What the key may do (<c>docs/security/access.md</c>): the least, unless it is said.</param>
/// <param name="LifetimeSeconds">Seconds until it expires; null for no expiry, or for that of the key it is made with.</param>
/// <param name="VolumeIds">At most 16 volumes that it is bound to; null for the whole account.</param>
public sealed record CreateApiKeyRequest(string Label, Role Role = Role.Reader, long? LifetimeSeconds = null, IReadOnlyList<string>? VolumeIds = null);
