namespace Tidegate.BlockStore.Verification;

/// <summary>What of a store is damaged.</summary>
public enum DamageKind
{
    /// <summary>A head manifest; an older one stands in for it.</summary>
    Manifest = 1,

    /// <summary>A tail manifest: the segments that it names are unknown.</summary>
    TailManifest = 2,

    /// <summary>A page of the catalogue: the records under it are unknown.</summary>
    CataloguePage = 3,

    /// <summary>A page of the map: what lies under it is unknown.</summary>
    MapPage = 4,

    /// <summary>A whole segment: it is missing, cut short, or its index or header does not open.</summary>
    Segment = 5,

    /// <summary>One frame of a segment: some sectors of one block.</summary>
    Frame = 6,

    /// <summary>Stored segments after the newest manifest that do not continue the volume's history.</summary>
    Chain = 7,

    /// <summary>A relocation table: where moved frames are is unknown.</summary>
    Relocation = 8,
}
