using Azure.Core;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Blobs;

/// <summary>
/// The one container of a deployment. Attempts are repeated by the client library itself, which knows what is transient, jitters its
/// pauses, honours <c>Retry-After</c> and resumes a download where it broke off (<c>docs/operating/blob-store.md</c>).
/// </summary>
internal static class AzureContainer
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>A client for the container; nothing is asked yet. The options have no faults.</summary>
    public static BlobContainerClient Open(BlobOptions options) => new(options.ConnectionString.Reveal(), options.Container, new BlobClientOptions
    {
        Retry =
        {
            Mode = RetryMode.Exponential,
            MaxRetries = options.Retries,
            Delay = FirstPause,
            MaxDelay = LongestPause,
            NetworkTimeout = TimeSpan.FromSeconds(options.RequestTimeoutSeconds),
        },
    });

    /// <summary>Makes the container, private, unless it exists. Throws <see cref="SettingsException"/> when the account does not let us.</summary>
    public static async Task EnsureAsync(BlobContainerClient container, CancellationToken cancellationToken)
    {
        try
        {
            await container.CreateIfNotExistsAsync(PublicAccessType.None, cancellationToken: cancellationToken);
        }
        catch (Exception failure) when (AzureFailure.IsOfStore(failure, cancellationToken))
        {
            var next = AzureFailure.StatusOf(failure) switch
            {
                null => "Check the account's address, the network and the name service",
                StatusCodes.Status403Forbidden => "Check AccountName, AccountKey and the account's network rules",
                _ => "Check the account and its state",
            };
            throw new SettingsException(
            [
                $"{BlobOptions.Section}: container '{container.Name}' of account '{container.AccountName}' at {container.Uri.GetLeftPart(UriPartial.Authority)} "
                + $"could not be opened: {AzureFailure.Describe(failure)}. {next} ({BlobOptions.Section}:ConnectionString).",
            ]);
        }
    }
}
