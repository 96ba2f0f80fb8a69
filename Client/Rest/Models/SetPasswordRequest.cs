using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest.Models;

/// <summary>Body of <c>PUT /v1/users/{id}/password</c>.</summary>
/// <param name="Password">12 to 128 characters, without the user's name.</param>
public sealed record SetPasswordRequest(Secret Password);
