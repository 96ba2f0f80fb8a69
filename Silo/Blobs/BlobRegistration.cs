using Tidegate.BlockStore.Blobs;
using Tidegate.Grains.Blobs;
using Tidegate.Silo.Data;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Blobs;

/// <summary>The blob store of the settings and the tickets that go with it.</summary>
internal static class BlobRegistration
{
    /// <summary>The store alone, for work without a silo. Throws <see cref="SettingsException"/> when it cannot be opened.</summary>
    public static async Task<IBlobStore> OpenAsync(BlobOptions options, CancellationToken cancellationToken)
    {
        if (options.Provider == BlobProvider.Directory) return new DirectoryBlobStore(options.Directory, TimeProvider.System);
        var container = AzureContainer.Open(options);
        await AzureContainer.EnsureAsync(container, cancellationToken);
        return new AzureBlobStore(container);
    }

    /// <summary>
    /// Registers <see cref="IBlobStore"/> and <see cref="ITicketIssuer"/>, and the data endpoint where agents cannot reach the store
    /// themselves. Throws <see cref="SettingsException"/> when the store cannot be opened.
    /// </summary>
    public static async Task AddBlobsAsync(this IServiceCollection services, BlobOptions options, TicketSigner signer, CancellationToken cancellationToken)
    {
        services.AddSingleton(signer);
        if (options.Provider == BlobProvider.Directory)
        {
            services.AddSingleton<IBlobStore>(_ => new DirectoryBlobStore(options.Directory, TimeProvider.System));
            services.AddSingleton<ITicketIssuer, DataEndpointTickets>();
            services.AddSingleton<DataEndpoint>();
            return;
        }

        var container = AzureContainer.Open(options);
        await AzureContainer.EnsureAsync(container, cancellationToken);
        services.AddSingleton<IBlobStore>(new AzureBlobStore(container));
        services.AddSingleton<ITicketIssuer>(new AzureTickets(container, signer, TimeProvider.System));
    }
}
