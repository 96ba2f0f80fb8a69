using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidegate.Silo.Pki;

/// <summary>The service's CAs: <c>ca.json</c> in the state directory, replaced whole. Invariant: exactly one is current, at most one is next.</summary>
/// <param name="Authorities">In the order in which they were made.</param>
public sealed record CaManifest(IReadOnlyList<CaEntry> Authorities)
{
    /// <summary>Most CAs at one time: the current one, the next, and former ones whose certificates are still in use.</summary>
    public const int MaxAuthorities = 4;

    /// <summary>The one that issues.</summary>
    [JsonIgnore]
    public CaEntry Current => Authorities.Single(static one => one.Stage == CaStage.Current);

    /// <summary>The one that is to issue; null for none.</summary>
    [JsonIgnore]
    public CaEntry? Next => Authorities.SingleOrDefault(static one => one.Stage == CaStage.Next);

    /// <summary>All certificates as PEM, the current one first: what others are to trust.</summary>
    [JsonIgnore]
    public string TrustedPem => string.Concat(Authorities.OrderBy(static one => one.Stage == CaStage.Current ? 0 : 1).Select(static one => one.CertificatePem.Trim() + "\n"));

    /// <summary>Reads it; throws <see cref="CaException"/> unless it is whole.</summary>
    public static CaManifest Parse(string path, string json)
    {
        try
        {
            var manifest = JsonSerializer.Deserialize(json, CaJson.Default.CaManifest);
            if (manifest is { Authorities.Count: > 0 and <= MaxAuthorities } && manifest.Authorities.Count(static one => one.Stage == CaStage.Current) == 1
                && manifest.Authorities.Count(static one => one.Stage == CaStage.Next) <= 1) return manifest;
        }
        catch (JsonException)
        {
            // As damaged as one that reads and means nothing.
        }

        throw new CaException($"'{path}' is damaged. Restore it from the backup of the state directory.");
    }

    /// <summary>Its text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, CaJson.Default.CaManifest);
}
