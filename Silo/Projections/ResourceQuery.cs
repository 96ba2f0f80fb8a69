namespace Tidegate.Silo.Projections;

/// <summary>Which resources a page is about.</summary>
/// <param name="Kind">Row type.</param>
/// <param name="AccountId">Owner; null for every account (operators).</param>
/// <param name="ParentId">Gateway of volumes, volume of snapshots, account that offers are made to; null for all.</param>
/// <param name="Name">Exact name; null for all.</param>
internal sealed record ResourceQuery(string Kind, string? AccountId, string? ParentId = null, string? Name = null);
