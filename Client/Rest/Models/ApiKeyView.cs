using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest.Models;

/// <summary>An API key as <c>GET /v1/accounts/{id}/api-keys</c> shows it: everything but its secret, which nobody has but its owner.</summary>
/// <param name="KeyId">Id of the key.</param>
/// <param name="Label">The customer's words.</param>
/// <param name="Role">What it may do.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it ends; null when it does not.</param>
/// <param name="VolumeIds">The volumes that it is bound to; empty for the whole account.</param>
public sealed record ApiKeyView(string KeyId, string Label, Role Role, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, IReadOnlyList<string> VolumeIds);
