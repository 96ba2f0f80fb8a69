using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Console;

namespace Tidegate.Silo.Api;

/// <summary>Users of the console (<c>docs/protocols/console.md</c>).</summary>
internal static class UserRoutes
{
    public static void MapUsers(this IEndpointRouteBuilder api)
    {
        api.MapPost("/users", async (CreateUserRequest request, IGrainFactory grains) =>
            {
                var accountId = request.Role == Role.Operator ? request.AccountId ?? "" : request.AccountId ?? Caller.Current.AccountId;
                var userId = UserNames.IdOf(request.Name) ?? throw new TidegateException(
                    ErrorCodes.InvalidArgument, $"'{request.Name}' cannot be a user's name.", $"Give 1 to {UserNames.MaxLength} ASCII letters, digits, '.', '_', '-', '@' or '+'.");
                return TypedResults.Ok(Views.Of(await grains.GetGrain<IUserGrain>(userId).Create(new UserSpecification(request.Name, accountId, request.Role), request.Password.Reveal())));
            })
            .OpenTo(Roles.Admins).WithName("createUser").WithTags("accounts").WithSummary("Makes a user who signs in to the console.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.Forbidden, ErrorCodes.NotFound, ErrorCodes.NameInUse);
        api.MapGet("/users", async (Lists lists, int? pageSize, string? pageToken, CancellationToken stop) =>
                TypedResults.Ok(await lists.ResourcesAsync("user", null, null, pageSize, pageToken, Views.User, stop)))
            .OpenTo(Roles.Auditors).WithName("listUsers").WithTags("accounts").WithSummary("The account's users, oldest first.").Refuses(ErrorCodes.InvalidArgument);
        api.MapPut("/users/{userId}/password", async (string userId, SetPasswordRequest request, IGrainFactory grains, ConsoleSessions sessions) =>
            {
                var user = User(grains, userId);
                await user.SetPassword(request.Password.Reveal());
                sessions.Forget(userId);
                return TypedResults.Ok(Views.Of(await user.Describe()));
            })
            .OpenTo(Roles.Admins).WithName("setUserPassword").WithTags("accounts").WithSummary("Sets a user's password and ends all its sessions.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound, ErrorCodes.InvalidState);
        api.MapDelete("/users/{userId}", async (string userId, IGrainFactory grains, ConsoleSessions sessions) =>
            {
                await User(grains, userId).Delete();
                sessions.Forget(userId);
                return TypedResults.NoContent();
            })
            .OpenTo(Roles.Admins).WithName("deleteUser").WithTags("accounts").WithSummary("Ends a user and all its sessions, everywhere within 5 seconds.").Refuses(ErrorCodes.NotFound);
    }

    private static IUserGrain User(IGrainFactory grains, string userId)
    {
        Ids.Require(ResourceKind.User, userId, "User");
        return grains.GetGrain<IUserGrain>(userId);
    }
}
