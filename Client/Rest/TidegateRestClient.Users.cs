using Tidegate.Client.Rest.Models;

namespace Tidegate.Client.Rest;

// Users of the console.
public sealed partial class TidegateRestClient
{
    /// <summary>Makes a user. Throws <c>NameInUse</c>.</summary>
    public Task<UserView> CreateUserAsync(CreateUserRequest request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(Change("/v1/users"), request, RestJson.Default.CreateUserRequest, RestJson.Default.UserView, cancellationToken);

    /// <summary>The account's users, page by page; an operator's are all.</summary>
    public IAsyncEnumerable<UserView> ListUsersAsync(int? pageSize = null, CancellationToken cancellationToken = default) =>
        ListAsync("/v1/users", [], pageSize, RestJson.Default.PageUserView, cancellationToken);

    /// <summary>Sets a user's password and ends its sessions. Throws <c>NotFound</c>.</summary>
    public Task<UserView> SetUserPasswordAsync(string userId, SetPasswordRequest request, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            new RestCall(HttpMethod.Put, $"/v1/users/{Escape(userId)}/password", IsRepeatable: true), request, RestJson.Default.SetPasswordRequest,
            RestJson.Default.UserView, cancellationToken);

    /// <summary>Ends a user and its sessions. Throws <c>NotFound</c>.</summary>
    public Task DeleteUserAsync(string userId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(RestCall.Delete("/v1/users/" + Escape(userId)), cancellationToken);
}
