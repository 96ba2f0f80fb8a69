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
            .WithMetadata(new RequiredRole(Role.Operator))
            .AcceptsIdempotencyKey().WithName("createAccount").WithTags("accounts").WithSummary("Opens an account (operators).")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.Forbidden, ErrorCodes.InvalidState);
        api.MapGet("/accounts/{accountId}", async (string accountId, IGrainFactory grains) =>
            {
                Ids.Require(ResourceKind.Account, accountId, "Account");
                RequireOwn(accountId);
                return TypedResults.Ok(Views.Of(await grains.GetGrain<IAccountGrain>(accountId).Describe()));
            })
            .WithName("getAccount").WithTags("accounts").WithSummary("One account.").Refuses(ErrorCodes.NotFound);
        api.MapPost("/accounts/{accountId}/key-rotations", async (string accountId, IGrainFactory grains) =>
            {
                Ids.Require(ResourceKind.Account, accountId, "Account");
                RequireOwn(accountId);
                return TypedResults.Ok(Views.Of(await grains.GetGrain<IAccountGrain>(accountId).RotateKey()));
            })
            .WithName("rotateAccountKey").WithTags("accounts").WithSummary("Begins to replace the account's key; one that is under way goes on.").Refuses(ErrorCodes.NotFound);
        api.MapPost("/accounts/{accountId}/api-keys", async (string accountId, CreateApiKeyRequest request, IGrainFactory grains) =>
            {
                Ids.Require(ResourceKind.Account, accountId, "Account");
                var keyId = ResourceId.New(ResourceKind.ApiKey);
                var lifetime = request.LifetimeSeconds is { } seconds ? Seconds(seconds) : (TimeSpan?)null;
                var secret = await grains.GetGrain<IApiKeyGrain>(keyId).Create(accountId, request.Label, request.Role, lifetime);
                return TypedResults.Ok(new CreatedApiKey(keyId, ApiKeyText.Format(keyId, secret)));
            })
            .WithName("createApiKey").WithTags("accounts").WithSummary("Makes an API key; its secret is in this answer and never again.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.Forbidden, ErrorCodes.NotFound);
        api.MapDelete("/api-keys/{keyId}", async (string keyId, IGrainFactory grains, ApiKeyCache keys) =>
            {
                Ids.Require(ResourceKind.ApiKey, keyId, "API key");
                await grains.GetGrain<IApiKeyGrain>(keyId).Revoke();
                keys.Forget(keyId);
                return TypedResults.NoContent();
            })
            .WithName("revokeApiKey").WithTags("accounts").WithSummary("Ends an API key; in force everywhere within 5 seconds.").Refuses(ErrorCodes.NotFound);
    }

    private static void RequireOwn(string accountId)
    {
        if (Caller.Current.Role != Role.Operator && Caller.Current.AccountId != accountId) throw Ids.Missing("Account", accountId);
    }

    private static TimeSpan Seconds(long seconds) => seconds is > 0 and <= int.MaxValue
        ? TimeSpan.FromSeconds(seconds)
        : throw new TidegateException(ErrorCodes.InvalidArgument, $"lifetimeSeconds is {seconds}; it must be 1 to {int.MaxValue}.");
}
