using System.Globalization;
using System.Text.Json;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Projections;

namespace Tidegate.Silo.Api;

/// <summary>Pages of the projections. A tenant sees its account; the operator sees all.</summary>
internal sealed class Lists(ProjectionReader reader, PageTokens tokens)
{
    public const int DefaultPageSize = 50;
    public const int MaxPageSize = 200;

    /// <summary>A page of resources, oldest first; with <paramref name="isReceived"/> those that name the account as whom they are made to.</summary>
    public async Task<Page<T>> ResourcesAsync<T>(
        string kind, string? parentId, string? name, int? pageSize, string? pageToken, Func<JsonElement, T> view, CancellationToken cancellationToken,
        bool isReceived = false)
    {
        var query = isReceived ? new ResourceQuery(kind, null, OwnAccount, name) : new ResourceQuery(kind, OwnAccount, parentId, name, Caller.Current.Volumes);
        return await PageAsync(query, pageSize, pageToken, view, cancellationToken);
    }

    /// <summary>The newest resources of a parent, newest first.</summary>
    public async Task<IReadOnlyList<T>> NewestAsync<T>(string kind, string parentId, int count, Func<JsonElement, T> view, CancellationToken cancellationToken) =>
        [.. (await reader.NewestAsync(new ResourceQuery(kind, OwnAccount, parentId, Volumes: Caller.Current.Volumes), count, cancellationToken)).Select(row => view(row.Body))];

    /// <summary>A page of resources of one account, oldest first, whoever asks.</summary>
    public Task<Page<T>> OfAccountAsync<T>(string accountId, string kind, int? pageSize, string? pageToken, Func<JsonElement, T> view, CancellationToken cancellationToken) =>
        PageAsync(new ResourceQuery(kind, accountId), pageSize, pageToken, view, cancellationToken);

    private async Task<Page<T>> PageAsync<T>(ResourceQuery query, int? pageSize, string? pageToken, Func<JsonElement, T> view, CancellationToken cancellationToken)
    {
        var list = $"{query}";
        var size = Size(pageSize);
        var place = tokens.Read(list, pageToken) ?? ["", ""];
        var rows = await reader.ResourcesAsync(query, place[0], place[1], size + 1, cancellationToken);
        var next = rows.Count > size ? tokens.Write(list, rows[size - 1].CreatedAt, rows[size - 1].Id) : null;
        return new Page<T>([.. rows.Take(size).Select(row => view(row.Body))], next);
    }

    /// <summary>A page of the audit log, oldest first.</summary>
    public async Task<Page<AuditRecordView>> AuditAsync(string? aggregate, int? pageSize, string? pageToken, CancellationToken cancellationToken)
    {
        var list = $"audit {OwnAccount} {aggregate}";
        var size = Size(pageSize);
        var after = tokens.Read(list, pageToken) is { } place ? long.Parse(place[0], CultureInfo.InvariantCulture) : 0;
        var rows = await reader.AuditAsync(OwnAccount, aggregate, after, size + 1, cancellationToken);
        var next = rows.Count > size ? tokens.Write(list, rows[size - 1].Position.ToString(CultureInfo.InvariantCulture)) : null;
        return new Page<AuditRecordView>([.. rows.Take(size).Select(Views.Of)], next);
    }

    /// <summary>A page of the audit log, newest first.</summary>
    public async Task<Page<AuditRecordView>> LatestAuditAsync(string? aggregate, int? pageSize, string? pageToken, CancellationToken cancellationToken)
    {
        var list = $"latest audit {OwnAccount} {aggregate}";
        var size = Size(pageSize);
        var before = tokens.Read(list, pageToken) is { } place ? long.Parse(place[0], CultureInfo.InvariantCulture) : long.MaxValue;
        var rows = await reader.LatestAuditAsync(OwnAccount, aggregate, before, size + 1, cancellationToken);
        var next = rows.Count > size ? tokens.Write(list, rows[size - 1].Position.ToString(CultureInfo.InvariantCulture)) : null;
        return new Page<AuditRecordView>([.. rows.Take(size).Select(Views.Of)], next);
    }

    private static string? OwnAccount => Caller.Current is { Role: Role.Operator } ? null : Caller.Current.AccountId;

    private static int Size(int? asked) => asked switch
    {
        null => DefaultPageSize,
        >= 1 and <= MaxPageSize => asked.Value,
        _ => throw new TidegateException(ErrorCodes.InvalidArgument, $"pageSize is {asked}; it must be 1 to {MaxPageSize}."),
    };
}
