using System.Text.Json;

namespace Tidegate.Silo.Projections;

/// <summary>A row of the projection, taken from the <c>row</c> of an outbox entry's body (<c>docs/formats/audit.md</c>).</summary>
/// <param name="Kind">The row's <c>type</c>: account, apiKey, gateway, volume, snapshot, snapshot-offer, snapshot-copy.</param>
/// <param name="ParentId">Gateway of a volume, volume of a snapshot, account that an offer is made to; otherwise empty.</param>
/// <param name="Name">Name or label; empty for snapshots.</param>
/// <param name="CreatedAt">UTC with seven digits, for ordering.</param>
/// <param name="Body">The row's JSON as it was saved.</param>
internal sealed record ResourceRow(string Kind, string ParentId, string Name, string CreatedAt, string Body)
{
    /// <summary>Format of times in our tables: fixed width, so that text order is time order.</summary>
    public const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffffffZ";

    /// <summary>The row in an entry's body; null when the aggregate has none (any more).</summary>
    public static ResourceRow? From(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.TryGetProperty("row", out var row) && row.ValueKind == JsonValueKind.Object ? Of(row) : null;
    }

    /// <summary>The row by its own JSON.</summary>
    public static ResourceRow Of(JsonElement row)
    {
        var kind = Text(row, "type");
        return new ResourceRow(
            kind,
            kind switch { "volume" => Text(row, "gatewayId"), "snapshot" => Text(row, "volumeId"), "snapshot-offer" => Text(row, "toAccountId"), _ => "" },
            Text(row, kind == "apiKey" ? "label" : "name"),
            Time(row, kind == "snapshot" ? "requestedAt" : "createdAt"),
            row.GetRawText());
    }

    private static string Text(JsonElement row, string member) =>
        row.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static string Time(JsonElement row, string member) =>
        (row.TryGetProperty(member, out var value) && value.TryGetDateTimeOffset(out var time) ? time : default)
            .ToUniversalTime().ToString(TimeFormat, System.Globalization.CultureInfo.InvariantCulture);
}
