using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Catalogues;

/// <summary>A child of an interior page: stored, loaded, or changed and not stored yet.</summary>
internal sealed class CatalogueChild
{
    public CatalogueChild(PageReference stored) => Stored = stored;

    public CatalogueChild(CataloguePage changed) => Page = changed;

    /// <summary>Where it is stored; null once it was changed.</summary>
    public PageReference? Stored { get; set; }

    /// <summary>Its content, once loaded.</summary>
    public CataloguePage? Page { get; set; }
}
