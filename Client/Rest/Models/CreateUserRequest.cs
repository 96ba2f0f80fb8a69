using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>POST /v1/users</c>.</summary>
/// <param name="Name">1 to 64 of letters, digits, <c>.</c>, <c>_</c>, <c>-</c>, <c>@</c>, <c>+</c>; unique in the service.</param>
/// <param name="Password">12 to 128 characters, without the name.</param>
/// <param name="Role">What it may do.</param>
/// <param name="AccountId">Its account; null for the caller's own, or for an operator.</param>
public sealed record CreateUserRequest(string Name, Secret Password, Role Role, string? AccountId = null);
