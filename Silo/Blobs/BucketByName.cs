using Tidegate.BlockStore.Blobs;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Blobs;

/// <summary>
/// Buckets as <c>Tidegate.Silo store --blobs</c> names them: a directory, or <c>azure:CONTAINER</c>, whose connection string comes from the
/// environment, as a silo's does.
/// </summary>
internal static class BucketByName
{
    private const string Azure = "azure:";

    /// <summary>Opens for reading; a container is not made. Throws <c>InvalidArgument</c> that names every fault.</summary>
    public static IBlobStore Open(string name)
    {
        if (!name.StartsWith(Azure, StringComparison.Ordinal)) return DirectoryBlobStore.OpenForReading(name);
        var options = new BlobOptions();
        new ConfigurationBuilder().AddEnvironmentVariables().Build().GetSection(BlobOptions.Section).Bind(options);
        (options.Provider, options.Container) = (BlobProvider.Azure, name[Azure.Length..]);
        return options.Faults().ToArray() is { Length: > 0 } faults
            ? throw new TidegateException(ErrorCodes.InvalidArgument, string.Join(" ", faults), "Set Tidegate__Blobs__ConnectionString as for the silos.")
            : new AzureBlobStore(AzureContainer.Open(options));
    }
}
