using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Outbox;
using Tidegate.Silo.Api;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

// docs/security/access.md, held against what really runs.
public abstract partial class SiloContract
{
    private static readonly Role[] AccountRoles = [Role.AccountAdmin, Role.Uploader, Role.Reader];

    [Fact]
    public void Every_route_is_in_the_table_of_who_may_do_what_and_nothing_else_is()
    {
        var table = AccessTable();
        var served = Routes().ToDictionary(
            route => route.Operation,
            route => route.Open is { } open ? $"{Words(open.Roles)} | {(open.AlsoBound ? "yes" : "no")}" : null);
        Assert.All(Routes().Where(route => route.Operation.Contains(" /v1/", StringComparison.Ordinal)), route => Assert.NotNull(route.Open));
        Assert.Equal(served.Keys.Order(StringComparer.Ordinal), table.Keys.Where(IsRoute).Order(StringComparer.Ordinal));
        foreach (var (operation, enforced) in served)
        {
            if (enforced is not null) Assert.Equal((operation, enforced), (operation, table[operation]));
            else Assert.DoesNotContain(Enum.GetValues<Role>().Except([Role.None]), role => table[operation].Split(',', '|').Select(word => word.Trim()).Contains(Word(role)));
        }
    }

    [Fact]
    public void Every_grain_method_that_is_open_to_clients_is_in_the_table_with_the_same_roles()
    {
        var open =
            from type in typeof(IGatewayGrain).Assembly.GetTypes()
            where type.IsInterface && typeof(IGrain).IsAssignableFrom(type)
            from method in type.GetMethods()
            let opening = method.GetCustomAttribute<ReachableByAttribute>() ?? type.GetCustomAttribute<ReachableByAttribute>()
            where opening is not null
            select ($"{type.Name}.{method.Name}", $"{Words(opening.Roles)} | {(opening.IsForBoundKeys ? "yes" : "no")}");
        var table = AccessTable().Where(row => !IsRoute(row.Key)).Select(row => (row.Key, row.Value));
        Assert.Equal(table.Order(), open.Order());
    }

    /// <summary>Every route, with a key of every role: refused exactly where the table says so, before anything is looked at.</summary>
    [Fact]
    public async Task Every_route_refuses_every_role_that_the_table_does_not_name()
    {
        using var account = await NewAccountAsync("roles");
        foreach (var (role, isBound) in AccountRoles.SelectMany(role => new[] { (role, false), (role, true) }))
        {
            var key = await account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("one of each", role, VolumeIds: isBound ? ["vol-00000000000000000000"] : null));
            using var http = Silo.Http(Silo.Ready.ApiUrl, key.ApiKey);
            foreach (var (operation, open) in Routes().Where(route => route.Open is not null))
            {
                // Nothing is there, and no body is sent: who may call learns just that.
                var (method, path) = (operation.Split(' ')[0], operation.Split(' ')[1]);
                foreach (var name in new[] { "accountId", "gatewayId", "volumeId", "snapshotId", "keyId", "leaseId", "groupId", "offerId", "copyId", "userId" })
                    path = path.Replace($"{{{name}}}", "missing", StringComparison.Ordinal);
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                using var answer = await http.SendAsync(request);
                var mayCall = open!.Roles.Contains(role) && (!isBound || open.AlsoBound);
                Assert.True(mayCall != (answer.StatusCode == HttpStatusCode.Forbidden), $"{Word(role)}{(isBound ? ", bound," : "")} {operation}: {answer.StatusCode}");
                if (!mayCall) Assert.Equal(ErrorCodes.Forbidden, (await answer.Content.ReadFromJsonAsync(RestJson.Default.ProblemView))!.Code);
            }
        }
    }

    [Fact]
    public async Task A_key_has_the_least_rights_and_never_more_than_the_key_that_makes_it()
    {
        using var account = await NewAccountAsync("least");
        using var http = Silo.Http(Silo.Ready.ApiUrl, account.Key);
        using var body = SiloUnderTest.Json("""{"label":"no word of a role"}""");
        using var answer = await http.PostAsync($"/v1/accounts/{account.Id}/api-keys", body);
        var made = (await answer.Content.ReadFromJsonAsync(RestJson.Default.CreatedApiKey))!;
        Assert.Equal(Role.Reader, (await Silo.Client(made.ApiKey).GetCallerAsync()).Role);

        var lasting = await account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("an hour", Role.AccountAdmin, 3600));
        var brief = Silo.Client(lasting.ApiKey);
        var ends = (await brief.GetCallerAsync()).ExpiresAt;
        Assert.NotNull(ends);
        foreach (var asked in new long?[] { null, 7200, 60 })
        {
            var child = await brief.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("a child", Role.AccountAdmin, asked));
            Assert.InRange((await Silo.Client(child.ApiKey).GetCallerAsync()).ExpiresAt!.Value, DateTimeOffset.UnixEpoch, ends.Value);
        }

        foreach (var role in new[] { Role.Agent, Role.None })
            await AssertCodeAsync(ErrorCodes.InvalidArgument, () => account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("nonsense", role)));
        await AssertCodeAsync(ErrorCodes.InvalidArgument, () => account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("bound to nonsense", VolumeIds: ["vol-1"])));
        await AssertCodeAsync(ErrorCodes.InvalidArgument, () => Silo.Client(Silo.OperatorKey).CreateApiKeyAsync(
            account.Id, new CreateApiKeyRequest("bound operator", Role.Operator, VolumeIds: ["vol-00000000000000000000"])));
    }

    [Fact]
    public async Task The_keys_of_an_account_are_listed_with_what_they_may_do_and_without_secrets()
    {
        using var account = await NewAccountAsync("listed");
        using var other = await NewAccountAsync("foreign");
        var made = await account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("bound", Role.Uploader, 600, ["vol-0000000000000000000b", "vol-0000000000000000000a"]));
        var keys = await account.Client.ListApiKeysAsync(account.Id).ToListAsync();
        Assert.Equal(new[] { account.KeyId, made.KeyId }, keys.Select(key => key.KeyId));
        Assert.Equal((Role.AccountAdmin, 0), (keys[0].Role, keys[0].VolumeIds.Count));
        Assert.Equal((Role.Uploader, "vol-0000000000000000000a vol-0000000000000000000b"), (keys[1].Role, string.Join(' ', keys[1].VolumeIds)));
        Assert.Equal(keys[1].ExpiresAt, (await Silo.Client(made.ApiKey).GetCallerAsync()).ExpiresAt);
        await AssertCodeAsync(ErrorCodes.NotFound, async () => await account.Client.ListApiKeysAsync(other.Id).ToListAsync());
        Assert.Equal([other.KeyId], await Silo.Client(Silo.OperatorKey).ListApiKeysAsync(other.Id).Select(key => key.KeyId).ToListAsync());
    }

    [Fact]
    public async Task Lists_leave_out_what_is_outside_a_keys_bounds()
    {
        using var account = await NewAccountAsync("bound-lists");
        const string mine = "vol-000000000000000000a1", other = "vol-000000000000000000a2";
        await PublishAsync(account.Id, mine, new { type = "volume", id = mine, accountId = account.Id, gatewayId = "gw-1", name = "mine", sizeBytes = 4096, createdAt = Start });
        await PublishAsync(account.Id, other, new { type = "volume", id = other, accountId = account.Id, gatewayId = "gw-1", name = "other", sizeBytes = 4096, createdAt = Start });
        foreach (var (snapshot, volume) in new[] { ("snap-000000000000000000b1", mine), ("snap-000000000000000000b2", other) })
        {
            await PublishAsync(account.Id, snapshot, new
            {
                type = "snapshot",
                id = snapshot,
                accountId = account.Id,
                volumeId = volume,
                description = "",
                state = "completed",
                progress = 1,
                requestedAt = Start,
                sizeBytes = 4096,
            });
        }

        var made = await account.Client.CreateApiKeyAsync(account.Id, new CreateApiKeyRequest("bound", VolumeIds: [mine]));
        var bound = Silo.Client(made.ApiKey);
        Assert.Equal([mine], await bound.ListVolumesAsync().Select(volume => volume.VolumeId).ToListAsync());
        Assert.Equal(["snap-000000000000000000b1"], await bound.ListSnapshotsAsync().Select(snapshot => snapshot.SnapshotId).ToListAsync());
        Assert.Equal(2, await account.Client.ListVolumesAsync().CountAsync());
        Assert.Equal(2, await account.Client.ListSnapshotsAsync().CountAsync());
    }

    private static DateTimeOffset Start => new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private Task PublishAsync(string accountId, string aggregate, object row)
    {
        var entry = new OutboxEntry(1, aggregate, accountId, "test.published", Start, "test", JsonSerializer.Serialize(new { row }), new byte[AuditHash.LengthBytes], []);
        return Silo.Services.GetRequiredService<IOutboxPublisher>().PublishAsync([entry with { Hash = AuditHash.Compute(entry) }], CancellationToken.None);
    }

    private static bool IsRoute(string operation) => operation.Contains(' ', StringComparison.Ordinal);

    private static string Words(IEnumerable<Role> roles) => string.Join(", ", roles.Select(Word));

    private static string Word(Role role) => $"{char.ToLowerInvariant($"{role}"[0])}{$"{role}"[1..]}";

    private IEnumerable<(string Operation, OpenTo? Open)> Routes() =>
        from endpoint in Silo.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
        select ($"{method} /{endpoint.RoutePattern.RawText!.Trim('/')}", endpoint.Metadata.GetMetadata<OpenTo>());

    /// <summary>Every row that begins with an operation, and what it says of who may.</summary>
    private static Dictionary<string, string> AccessTable() => File.ReadLines(Path.Combine(Repository.Root, "docs/security/access.md"))
        .Where(line => line.StartsWith("| `", StringComparison.Ordinal) && (line.Contains(" /", StringComparison.Ordinal) || line.StartsWith("| `I", StringComparison.Ordinal)))
        .Select(line => line.Trim('|', ' ').Split('|', 2))
        .ToDictionary(cells => cells[0].Trim(' ', '`'), cells => cells[1].Trim());
}
