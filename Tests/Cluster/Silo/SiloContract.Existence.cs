using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Xunit;

namespace Tidegate.Tests.Cluster.Silo;

// Two accounts and every operation that the API describes: what is another's answers as what is not there (security, Tenants).
public abstract partial class SiloContract
{
    /// <summary>Operations whose id names no resource: a client of a developer's names itself.</summary>
    private static readonly string[] Uninformed = ["POST /v1/link/tokens"];

    [Fact]
    public async Task Every_operation_with_anothers_id_answers_as_with_one_that_does_not_exist()
    {
        using var owner = await NewAccountAsync("owner");
        using var stranger = await NewAccountAsync("stranger");
        var theirs = await ResourcesOfAsync(owner);
        using var own = Silo.Http(Silo.Ready.ApiUrl, owner.Key);
        using var strange = Silo.Http(Silo.Ready.ApiUrl, stranger.Key);
        using var document = JsonDocument.Parse(await strange.GetStringAsync("/openapi/v1.json"));
        var (tried, missing) = (0, 0);
        foreach (var operation in ApiOperation.All(document.RootElement).Where(static operation => operation.Ids.Count > 0 && !Uninformed.Contains(operation.Name)))
        {
            Assert.All(operation.Ids, id => Assert.True(theirs.ContainsKey(id), $"{operation.Name} takes {id}, of which this test knows no resource: give it one."));
            var ids = operation.Ids.ToDictionary(static id => id, static id => NoSuch(id));
            var (status, foreign) = await AnswerAsync(strange, operation.Request(id => theirs[id]), theirs);
            var (statusOfNothing, nothing) = await AnswerAsync(strange, operation.Request(id => ids[id]), ids);
            Assert.True((status, foreign) == (statusOfNothing, nothing), $"{operation.Name} tells another's resource from none:\n{status} {foreign}\n{statusOfNothing} {nothing}");
            tried++;
            if (status == HttpStatusCode.NotFound) missing++;
        }

        // Without this the rest could be refusals of everything, the test's own requests among it.
        Assert.InRange(tried, 30, 200);
        Assert.True(missing >= tried - 8, $"of {tried} operations only {missing} came as far as the id");
        foreach (var path in new[] { $"gateways/{theirs["gatewayId"]}", $"volumes/{theirs["volumeId"]}", $"snapshots/{theirs["snapshotId"]}", $"offers/{theirs["offerId"]}", $"accounts/{owner.Id}" })
            Assert.True((await own.GetAsync("/v1/" + path)).StatusCode == HttpStatusCode.OK, $"its owner does not see {path}");
    }

    private async Task<Dictionary<string, string>> ResourcesOfAsync(TestAccount owner)
    {
        var grains = Silo.Services.GetRequiredService<IGrainFactory>();
        var gatewayId = ResourceId.New(ResourceKind.Gateway);
        RequestContext.Set(Caller.ContextKey, new Caller(Role.AccountAdmin, owner.Id, "", "test"));
        await grains.GetGrain<IGatewayGrain>(gatewayId).Provision(new GatewayProvision(
            owner.Id, "site-" + gatewayId, "Etc/UTC", new GatewayMetadata("host", "linux", "box", "1.0.0", ["192.0.2.1"]), "SHA256:test"));
        var volumes = new List<string>();
        foreach (var name in new[] { "one", "two" }) volumes.Add((await owner.Client.CreateVolumeAsync(new CreateVolumeRequest(gatewayId, name, 64 << 20))).VolumeId);
        var snapshotId = ResourceId.New(ResourceKind.Snapshot);
        await RecordSnapshotAsync(owner.Id, snapshotId);
        RequestContext.Clear();
        var user = await owner.Client.CreateUserAsync(new CreateUserRequest("owner-" + owner.Id, "a long enough word", Role.Reader));
        using var third = await NewAccountAsync("third");
        var offer = await owner.Client.OfferSnapshotAsync(snapshotId, new OfferSnapshotRequest(third.Id, 3600));
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["accountId"] = owner.Id,
            ["toAccountId"] = owner.Id,
            ["keyId"] = owner.KeyId,
            ["userId"] = user.UserId,
            ["gatewayId"] = gatewayId,
            ["aggregate"] = gatewayId,
            ["volumeId"] = volumes[0],
            ["volumeIds"] = volumes[0],
            ["copyId"] = volumes[1],
            ["snapshotId"] = snapshotId,
            ["snapshotIds"] = snapshotId,
            ["sourceSnapshotId"] = snapshotId,
            ["baseSnapshotId"] = snapshotId,
            ["leaseId"] = "lease-0000000000000000001",
            ["offerId"] = offer.OfferId,
            // Groups are made by connected gateways alone; their grain authorises as a snapshot's does.
            ["groupId"] = ResourceId.New(ResourceKind.SnapshotGroup),
        };
    }

    /// <summary>A well-formed id of a resource that never was.</summary>
    private static string NoSuch(string name) => name switch
    {
        "accountId" or "toAccountId" => ResourceId.New(ResourceKind.Account),
        "keyId" => ResourceId.New(ResourceKind.ApiKey),
        "gatewayId" or "aggregate" => ResourceId.New(ResourceKind.Gateway),
        "volumeId" or "volumeIds" or "copyId" => ResourceId.New(ResourceKind.Volume),
        "offerId" => ResourceId.New(ResourceKind.Offer),
        "groupId" => ResourceId.New(ResourceKind.SnapshotGroup),
        "userId" => ResourceId.New(ResourceKind.User),
        "leaseId" => "lease-0000000000000000002",
        _ => ResourceId.New(ResourceKind.Snapshot),
    };

    /// <summary>Status and body, with the ids that were asked for and the trace made one.</summary>
    private static async Task<(HttpStatusCode Status, string Body)> AnswerAsync(HttpClient http, HttpRequestMessage request, IReadOnlyDictionary<string, string> ids)
    {
        using var sent = request;
        using var response = await http.SendAsync(sent);
        var body = await response.Content.ReadAsStringAsync();
        foreach (var (name, id) in ids) body = body.Replace(id, name.TrimEnd('s'), StringComparison.Ordinal);
        body = System.Text.RegularExpressions.Regex.Replace(body, "\"traceId\":\"[^\"]*\"", "");
        return (response.StatusCode, $"{response.Content.Headers.ContentType} {body}");
    }
}
