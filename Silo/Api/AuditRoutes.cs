using System.Globalization;
using System.Security.Cryptography;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Audit;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Audit;

namespace Tidegate.Silo.Api;

/// <summary>The audit log: read, exported with its checkpoints, and the key that these are checked with.</summary>
internal static class AuditRoutes
{
    private const int DefaultPageSize = 500;
    private const int MaxPageSize = 1000;

    public static void MapAudit(this IEndpointRouteBuilder api)
    {
        api.MapGet("/audit", async (Lists lists, string? aggregate, int? pageSize, string? pageToken, CancellationToken stop) =>
                TypedResults.Ok(await lists.AuditAsync(aggregate, pageSize, pageToken, stop)))
            .OpenTo(Roles.Auditors).WithName("listAudit").WithTags("audit").WithSummary("The audit log, oldest first; `aggregate` selects one resource's records.")
            .Refuses(ErrorCodes.InvalidArgument);
        api.MapGet("/audit/export", async (
                AuditSealer sealer, AuditExport log, PageTokens tokens, string? accountId, int? pageSize, string? pageToken, CancellationToken stop) =>
            {
                var account = Account(accountId);
                var size = pageSize ?? DefaultPageSize;
                if (size is < 1 or > MaxPageSize) throw new TidegateException(ErrorCodes.InvalidArgument, $"pageSize is {pageSize}; it must be 1 to {MaxPageSize}.");
                var list = $"audit-export {account}";
                var place = tokens.Read(list, pageToken) is { } known
                    ? new AuditExportPlace(long.Parse(known[0], CultureInfo.InvariantCulture), long.Parse(known[1], CultureInfo.InvariantCulture), known[2].Length > 0)
                    : AuditExportPlace.Start;
                // What is exported is proven to its end: the checkpoint that would come within a minute is signed first.
                if (place == AuditExportPlace.Start) await sealer.SealAsync(stop);
                var (lines, next) = await log.PageAsync(account, place, size, stop);
                return TypedResults.Ok(new Page<AuditExportLine>(lines, next is null ? null : tokens.Write(
                    list, next.Checkpoint.ToString(CultureInfo.InvariantCulture), next.Position.ToString(CultureInfo.InvariantCulture), next.IsTail ? "t" : "")));
            })
            .OpenTo(Roles.Auditors).WithName("exportAudit").WithTags("audit").WithSummary("The account's whole audit log with its signed checkpoints, in the order of verification; operators name the account, or get the service's own.")
            .Refuses(ErrorCodes.InvalidArgument, ErrorCodes.NotFound);
        api.MapGet("/audit/key", (IAuditSigningKey key) => TypedResults.Ok(
                new AuditKeyView(Convert.ToHexStringLower(AuditEncoding.KeyIdOf(key.PublicKey)), PemEncoding.WriteString("PUBLIC KEY", key.PublicKey))))
            .OpenTo(Roles.Auditors).WithName("getAuditKey").WithTags("audit").WithSummary("The public key that checkpoints are verified with; keep it apart from the log.");
    }

    // The operator's own log is the service's, without an account.
    private static string Account(string? asked)
    {
        if (asked is { Length: > 0 }) Ids.Require(ResourceKind.Account, asked, "Account");
        var caller = Caller.Current;
        if (caller.Role == Role.Operator) return asked ?? "";
        return asked is null || asked == caller.AccountId ? caller.AccountId : throw Ids.Missing("Account", asked);
    }
}
