namespace Tidegate.Silo.Options;

/// <summary>Store that holds the blobs.</summary>
public enum BlobProvider
{
    /// <summary>A directory that every silo of the cluster reaches: one machine, no set-up. Agents go through the data endpoint.</summary>
    Directory = 0,
    /// <summary>A container of Azure Blob Storage: production. Agents go straight to the store.</summary>
    Azure = 1,
}
