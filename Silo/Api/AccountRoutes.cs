using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Silo.Api;

/// <summary>Accounts and API keys.</summary>
internal static class AccountRoutes
{
    public static void MapAccounts(this IEndpointRouteBuilder api)
    {
        api.MapPost("/accounts", async (HttpContext context, CreateAccountRequest request, IGrainFactory grains) =>
            {
                var account = grains.GetGrain<IAccountGrain>(Idempotency.NewId(context, ResourceKind.Account));
                await account.Create(request.Name);
                return TypedResults.Ok(Views.Of(await account.Describe()));
            })
            .OpenTo(Roles.Operators).AcceptsIdempotencyKey().WithName("createAccount").WithTags("accounts").WithSummary("Opens an account (operators).")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.Forbidden, ErrorCodes.InvalidState);
        api.MapGet("/accounts/{accountId}", async (string accountId, IGrainFactory grains) =>
            {
                Ids.Require(ResourceKind.Account, accountId, "Account");
                RequireOwn(accountId);
                return TypedResults.Ok(Views.Of(await grains.GetGrain<IAccountGrain>(accountId).Describe()));
            })
            .OpenTo(Roles.Auditors).WithName("getAccount").WithTags("accounts").WithSummary("One account.").Refuses(ErrorCodes.NotFound);
        api.MapPost("/accounts/{accountId}/key-rotations", async (string accountId, IGrainFactory grains) =>
            {
                Ids.Require(ResourceKind.Account, accountId, "Account");
                RequireOwn(accountId);
                return TypedResults.Ok(Views.Of(await grains.GetGrain<IAccountGrain>(accountId).RotateKey()));
            })
            .OpenTo(Roles.Admins).WithName("rotateAccountKey").WithTags("accounts").WithSummary("Begins to replace the account's key; one that is under way goes on.").Refuses(ErrorCodes.NotFound);
        api.MapPost("/accounts/{accountId}/api-keys", async (string accountId, CreateApiKeyRequest request, IGrainFactory grains) =>
            {
                Ids.Require(ResourceKind.Account, accountId, "Account");
                var keyId = ResourceId.New(ResourceKind.ApiKey);
                var terms = new ApiKeyTerms(request.Label, request.Role, request.LifetimeSeconds is { } seconds ? Seconds(seconds) : null, [.. request.VolumeIds ?? []]);
                var secret = await grains.GetGrain<IApiKeyGrain>(keyId).Create(accountId, terms);
                return TypedResults.Ok(new CreatedApiKey(keyId, ApiKeyText.Format(keyId, secret)));
            })
            .OpenTo(Roles.Admins).WithName("createApiKey").WithTags("accounts").WithSummary("Makes an API key, a reader's unless the role says otherwise; its secret is in this answer and never again.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.Forbidden, ErrorCodes.NotFound);
        api.MapGet("/accounts/{accountId}/api-keys", async (string accountId, Lists lists, int? pageSize, string? pageToken, CancellationToken stop) =>
            {
                Ids.Require(ResourceKind.Account, accountId, "Account");
                RequireOwn(accountId);
                return TypedResults.Ok(await lists.OfAccountAsync(accountId, "apiKey", pageSize, pageToken, Views.ApiKey, stop));
            })
            .OpenTo(Roles.Auditors).WithName("listApiKeys").WithTags("accounts").WithSummary("The account's API keys that are not revoked, oldest first; never a secret.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound);
        api.MapDelete("/api-keys/{keyId}", async (string keyId, IGrainFactory grains, ApiKeyCache keys) =>
            {
                Ids.Require(ResourceKind.ApiKey, keyId, "API key");
                await grains.GetGrain<IApiKeyGrain>(keyId).Revoke();
                keys.Forget(keyId);
                return TypedResults.NoContent();
            })
            .OpenTo(Roles.Admins).WithName("revokeApiKey").WithTags("accounts").WithSummary("Ends an API key; in force everywhere within 5 seconds.").Refuses(ErrorCodes.NotFound);
    }

    private static void RequireOwn(string accountId)
    {
        if (Caller.Current.Role != Role.Operator && Caller.Current.AccountId != accountId) throw Ids.Missing("Account", accountId);
    }

    private static TimeSpan Seconds(long seconds) => seconds is > 0 and <= int.MaxValue
        ? TimeSpan.FromSeconds(seconds)
        : throw new TidegateException(ErrorCodes.InvalidArgument, $"lifetimeSeconds is {seconds}; it must be 1 to {int.MaxValue}.");
}
