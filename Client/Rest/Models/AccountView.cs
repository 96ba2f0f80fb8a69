namespace Tidegate.Client.Rest.Models;

/// <summary>An account: <c>POST /v1/accounts</c>, <c>GET /v1/accounts/{id}</c>.</summary>
/// <param name="AccountId">Twelve decimal digits.</param>
/// <param name="Name">The name it was created with.</param>
/// <param name="CreatedAt">Service time of its creation.</param>
/// <param name="KeyRotationBegunAt">When the rotation of its key that is under way was begun.</param>
/// <param name="KeyRotatedAt">When the last rotation ended.</param>
/// <param name="KeyRotation">How the last rotation stands; absent when there was none.</param>
public sealed record AccountView(
    string AccountId, string Name, DateTimeOffset CreatedAt, DateTimeOffset? KeyRotationBegunAt = null, DateTimeOffset? KeyRotatedAt = null,
    AccountKeyRotationView? KeyRotation = null);
