using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest.Models;

/// <summary>Who the presented key stands for: <c>GET /v1/me</c>.</summary>
/// <param name="Role">The verified role.</param>
/// <param name="AccountId">The account; empty for operators.</param>
/// <param name="KeyId">Id of the API key.</param>
public sealed record CallerView(Role Role, string AccountId, string KeyId)
{
    /// <summary>The volumes that the key is bound to; null when it is for the whole account.</summary>
    public IReadOnlyList<string>? VolumeIds { get; init; }

    /// <summary>When the key ends; null when it does not.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}
