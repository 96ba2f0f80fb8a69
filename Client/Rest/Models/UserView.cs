using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Client.Rest.Models;

/// <summary>A user of the console: items of <c>GET /v1/users</c>.</summary>
/// <param name="UserId">Id of the user.</param>
/// <param name="Name">What it signs in as.</param>
/// <param name="AccountId">Its account; empty for operators.</param>
/// <param name="Role">What it may do.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record UserView(string UserId, string Name, string AccountId, Role Role, DateTimeOffset CreatedAt);
