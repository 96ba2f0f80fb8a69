using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Tidegate.BlockStore.Blobs;

namespace Tidegate.Silo.Blobs;

/// <summary>
/// Blobs in a container of Azure Blob Storage. A put is one create-only request, whose bytes the store checks on arrival, and leaves
/// their SHA-256 in the blob's metadata. When the key exists, that hash decides whether it holds these bytes, so that a put whose
/// answer was lost succeeds on its retry. Memory is bounded by what callers ask for.
/// </summary>
internal sealed class AzureBlobStore(BlobContainerClient container) : IBlobStore
{
    private const string ContentType = "application/octet-stream";
    private const string HashName = "sha256";

    /// <inheritdoc/>
    public async Task<PutOutcome> PutIfAbsentAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        var blob = container.GetBlobClient(key);
        var hash = Convert.ToHexStringLower(SHA256.HashData(content.Span));
        var options = new BlobUploadOptions
        {
            Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
            HttpHeaders = new BlobHttpHeaders { ContentType = ContentType },
            Metadata = new Dictionary<string, string> { [HashName] = hash },
            TransferValidation = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 },
            // Whatever its size, one request: what is smaller than this is not cut into blocks, which would outlive a put that fails.
            TransferOptions = new StorageTransferOptions { InitialTransferSize = content.Length + 1L },
        };
        try
        {
            await blob.UploadAsync(BinaryData.FromBytes(content), options, cancellationToken);
            return PutOutcome.Stored;
        }
        catch (RequestFailedException there) when (there.ErrorCode == BlobErrorCode.BlobAlreadyExists || there.ErrorCode == BlobErrorCode.ConditionNotMet)
        {
            return await HoldsAsync(blob, hash, cancellationToken) ? PutOutcome.AlreadyThere : throw new BlobConflictException(key);
        }
        catch (Exception failure) when (AzureFailure.IsOfStore(failure, cancellationToken))
        {
            throw AzureFailure.ToError(failure, "Putting", key);
        }
    }

    /// <inheritdoc/>
    public async Task<ReadOnlyMemory<byte>> GetRangeAsync(
        string key, long offset, int length, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        // The store knows no empty ranges.
        if (length == 0)
            return await GetLengthAsync(key, cancellationToken) is null ? throw new BlobNotFoundException(key) : ReadOnlyMemory<byte>.Empty;
        try
        {
            var options = new BlobDownloadOptions { Range = new HttpRange(offset, length) };
            using var answer = (await container.GetBlobClient(key).DownloadStreamingAsync(options, cancellationToken)).Value;
            var buffer = new byte[Math.Min(length, answer.Details.ContentLength)];
            await answer.Content.ReadExactlyAsync(buffer, cancellationToken);
            return buffer;
        }
        catch (RequestFailedException absent) when (absent.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            throw new BlobNotFoundException(key);
        }
        catch (RequestFailedException past) when (past.ErrorCode == BlobErrorCode.InvalidRange)
        {
            return ReadOnlyMemory<byte>.Empty;
        }
        catch (Exception failure) when (AzureFailure.IsOfStore(failure, cancellationToken))
        {
            throw AzureFailure.ToError(failure, "Reading", key);
        }
    }

    /// <inheritdoc/>
    public async Task<long?> GetLengthAsync(string key, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        try
        {
            return (await container.GetBlobClient(key).GetPropertiesAsync(cancellationToken: cancellationToken)).Value.ContentLength;
        }
        catch (RequestFailedException absent) when (absent.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return null;
        }
        catch (Exception failure) when (AzureFailure.IsOfStore(failure, cancellationToken))
        {
            throw AzureFailure.ToError(failure, "Looking for", key);
        }
    }

    /// <inheritdoc/>
    public async Task<bool> DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        BlobKey.Check(key);
        try
        {
            await container.GetBlobClient(key).DeleteAsync(cancellationToken: cancellationToken);
            return true;
        }
        catch (RequestFailedException absent) when (absent.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return false;
        }
        catch (Exception failure) when (AzureFailure.IsOfStore(failure, cancellationToken))
        {
            throw AzureFailure.ToError(failure, "Deleting", key);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<BlobEntry> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        BlobKey.CheckPrefix(prefix);
        await using var pages = container.GetBlobsAsync(new GetBlobsOptions { Prefix = prefix }, cancellationToken).AsPages().GetAsyncEnumerator(cancellationToken);
        while (await NextAsync(pages, prefix, cancellationToken))
        {
            foreach (var item in pages.Current.Values)
                yield return new BlobEntry(item.Name, item.Properties.ContentLength ?? 0, item.Properties.CreatedOn ?? DateTimeOffset.UnixEpoch);
        }
    }

    private static async Task<bool> NextAsync(IAsyncEnumerator<Page<BlobItem>> pages, string prefix, CancellationToken cancellationToken)
    {
        try
        {
            return await pages.MoveNextAsync();
        }
        catch (Exception failure) when (AzureFailure.IsOfStore(failure, cancellationToken))
        {
            throw AzureFailure.ToError(failure, "Listing from", prefix);
        }
    }

    private async Task<bool> HoldsAsync(BlobClient blob, string hash, CancellationToken cancellationToken)
    {
        try
        {
            var there = (await blob.GetPropertiesAsync(cancellationToken: cancellationToken)).Value;
            // One without a hash came from an agent or from a stranger, and is none that a silo could have put.
            return there.Metadata.TryGetValue(HashName, out var stored) && stored == hash;
        }
        catch (Exception failure) when (AzureFailure.IsOfStore(failure, cancellationToken))
        {
            throw AzureFailure.ToError(failure, "Comparing", blob.Name);
        }
    }
}
