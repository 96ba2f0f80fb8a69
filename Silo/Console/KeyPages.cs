using System.Globalization;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Api;
using Tidegate.Silo.Console.Views;

namespace Tidegate.Silo.Console;

/// <summary>API keys: list, making one, whose secret is shown once, revoking.</summary>
internal static class KeyPages
{
    public static void MapKeyPages(this IEndpointRouteBuilder routes)
    {
        routes.MapPage("/keys", ListAsync, Roles.Auditors);
        routes.MapForm("/keys", CreateAsync, ListAsync, Roles.Admins);
        routes.MapPage("/keys/{id}/revoke", ConfirmAsync, Roles.Admins);
        routes.MapForm("/keys/{id}/revoke", RevokeAsync, ConfirmAsync, Roles.Admins);
    }

    private static async Task<IResult> ListAsync(PageRequest request)
    {
        var page = await request.Lists.ResourcesAsync("apiKey", null, null, Fleet.PageSize, request.Value("page"), Api.Views.ApiKey, request.Stop);
        return await request.PageAsync<KeysPage>(
            "API keys", (nameof(KeysPage.Rows), page.Items), (nameof(KeysPage.Roles), ConsoleRoles.OfKeys(request.Caller.Role)),
            (nameof(KeysPage.Next), request.Next(page.NextPageToken)), (nameof(KeysPage.Label), request.Value("label")),
            (nameof(KeysPage.Role), request.Value("role")), (nameof(KeysPage.Days), request.Value("days")));
    }

    private static async Task<IResult> CreateAsync(PageRequest request)
    {
        if (!Enum.TryParse<Role>(request.Value("role"), out var role) || !ConsoleRoles.OfKeys(request.Caller.Role).Contains(role))
            throw new TidegateException(ErrorCodes.InvalidArgument, "The role is none of those that you can give.", "Choose one of the list.");
        var keyId = request.NewId(ResourceKind.ApiKey);
        var secret = await request.Grains.GetGrain<IApiKeyGrain>(keyId)
            .Create(request.Caller.AccountId, new ApiKeyTerms(request.Value("label"), role, LifetimeOf(request.Value("days")), []));
        return await request.PageAsync<NewKeyPage>(
            "New API key", (nameof(NewKeyPage.Key), new CreatedApiKey(keyId, ApiKeyText.Format(keyId, secret))), (nameof(NewKeyPage.Label), request.Value("label")));
    }

    private static Task<IResult> ConfirmAsync(PageRequest request) => request.PageAsync<ConfirmPage>(
        "Revoke an API key", (nameof(ConfirmPage.Action), $"/keys/{Uri.EscapeDataString(request.Route("id"))}/revoke"), (nameof(ConfirmPage.Back), "/keys"), (nameof(ConfirmPage.Button), "Revoke the key"),
        (nameof(ConfirmPage.Text), (string[])[$"Whatever uses {request.Route("id")} is refused everywhere within 5 seconds. It cannot be undone."]));

    private static async Task<IResult> RevokeAsync(PageRequest request)
    {
        var keyId = request.Route("id");
        Ids.Require(ResourceKind.ApiKey, keyId, "API key");
        await request.Grains.GetGrain<IApiKeyGrain>(keyId).Revoke();
        request.Service<ApiKeyCache>().Forget(keyId);
        return PageRequest.GoTo("/keys?done=key-revoked");
    }

    private static TimeSpan? LifetimeOf(string days) => days.Length == 0
        ? null
        : int.TryParse(days, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= 3650
            ? TimeSpan.FromDays(count)
            : throw new TidegateException(ErrorCodes.InvalidArgument, "The days are no number from 1 to 3650.", "Leave them empty for a key that does not end.");
}
