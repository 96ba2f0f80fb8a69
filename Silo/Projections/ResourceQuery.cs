namespace Tidegate.Silo.Projections;

/// <summary>Which resources a page is about.</summary>
/// <param name="Kind">Row type.</param>
/// <param name="AccountId">Owner; null for every account (operators).</param>
/// <param name="ParentId">Gateway of volumes, volume of snapshots, account that offers are made to; null for all.</param>
/// <param name="Name">Exact name; null for all.</param>
/// <param name="Volumes">Volume ids with a comma between: only these, and only what is made of them; empty for all.</param>
internal sealed record ResourceQuery(string Kind, string? AccountId, string? ParentId = null, string? Name = null, string Volumes = "")
{
    /// <summary>The column that holds the volume's id; null when rows of this kind belong to no volume.</summary>
    public string? VolumeColumn => Kind switch { "volume" => "id", "snapshot" => "parent_id", _ => null };
}
