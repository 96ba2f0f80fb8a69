using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;
using Tidegate.BlockStore.Blobs;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Blobs;
using Tidegate.Silo.Options;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace Tidegate.Silo.Data;

/// <summary>
/// <c>PUT|GET /data/v1/{blobKey}?ticket=...</c>: the blob store, one blob and one method at a time, for whoever holds a ticket
/// (<c>docs/protocols/volume-data.md</c>, Tickets). The ticket is the whole credential; nothing is told without it.
/// </summary>
internal sealed class DataEndpoint(IBlobStore blobs, TicketSigner signer, DataOptions options, TimeProvider time)
{
    private const int CopyBytes = 1024 * 1024;

    private readonly TransferSlots _uploads = new("uploads", options.MaxUploads, options.AccountShareOf(options.MaxUploads));
    private readonly TransferSlots _downloads = new("downloads", options.MaxDownloads, options.AccountShareOf(options.MaxDownloads));

    /// <summary>Stores a blob that does not exist: 201 when it is durable, 409 with digest and length of what is there otherwise.</summary>
    public async Task PutAsync(HttpContext context, string key, string? ticket)
    {
        RequireTicket(ticket, TicketMethod.Put, key);
        if (context.Request.ContentLength is not { } length)
            throw new BadHttpRequestException("The upload has no Content-Length; send it.", StatusCodes.Status411LengthRequired);
        if (length > options.MaxBlobBytes)
            throw new BadHttpRequestException($"The upload has {length} bytes; a blob has at most {options.MaxBlobBytes}.", StatusCodes.Status413PayloadTooLarge);
        using var transfer = new TransferLimits(context, _uploads.Take(key), length, options, time);
        if (!await StoreAsync(context, key, (int)length, transfer)) await DescribeExistingAsync(context, key, transfer.Stop);
    }

    /// <summary>Reads a blob, whole or one range. Breaks the connection off when the time is over.</summary>
    public async Task GetAsync(HttpContext context, string key, string? ticket)
    {
        RequireTicket(ticket, TicketMethod.Get, key);
        using var transfer = new TransferLimits(context, _downloads.Take(key), uploadBytes: null, options, time);
        try
        {
            await SendAsync(context, key, transfer.Stop);
        }
        catch (OperationCanceledException) when (transfer.IsOver)
        {
            context.Abort();
        }
    }

    /// <summary>False when the key holds other bytes.</summary>
    private async Task<bool> StoreAsync(HttpContext context, string key, int length, TransferLimits transfer)
    {
        using var buffer = new AlignedBuffer(length);
        var content = buffer.Memory;
        try
        {
            await context.Request.Body.ReadExactlyAsync(content, transfer.Stop);
            // From here on the put goes through, whether or not the agent still listens: its retry finds the blob.
            if (await blobs.PutIfAbsentAsync(key, content) == PutOutcome.Stored) context.Response.StatusCode = StatusCodes.Status201Created;
            else Describe(context, SHA256.HashData(content.Span), length);
            return true;
        }
        catch (BlobConflictException)
        {
            return false;
        }
        catch (EndOfStreamException)
        {
            throw new BadHttpRequestException($"The upload ended before its {length} bytes were read; send it again.", StatusCodes.Status400BadRequest);
        }
        catch (OperationCanceledException) when (transfer.IsOver)
        {
            throw new BadHttpRequestException($"The upload took longer than {options.MaxTransferSeconds} s; send it again, faster.", StatusCodes.Status408RequestTimeout);
        }
    }

    private async Task SendAsync(HttpContext context, string key, CancellationToken stop)
    {
        var length = await blobs.GetLengthAsync(key, stop) ?? throw new TidegateException(ErrorCodes.NotFound, $"Blob '{key}' does not exist.");
        var response = context.Response;
        response.Headers.AcceptRanges = "bytes";
        var (from, to) = (0L, length - 1);
        if (context.Request.Headers.Range.Count > 0)
        {
            if (!TryRange(context.Request.Headers.Range.ToString(), length, out from, out to))
            {
                response.Headers.ContentRange = $"bytes */{length}";
                response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
                return;
            }

            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{to}/{length}");
        }

        response.ContentType = "application/octet-stream";
        response.ContentLength = to - from + 1;
        for (var at = from; at <= to;)
        {
            var part = await blobs.GetRangeAsync(key, at, (int)Math.Min(CopyBytes, to - at + 1), stop);
            if (part.IsEmpty) throw new IOException($"Blob '{key}' ended at {at}, before its length {length}.");
            await response.Body.WriteAsync(part, stop);
            at += part.Length;
        }
    }

    /// <summary>One range of bytes, cut at the blob's end; false when there is none to give.</summary>
    internal static bool TryRange(string header, long length, out long from, out long to)
    {
        (from, to) = (0, -1);
        if (!RangeHeaderValue.TryParse(header, out var parsed) || parsed.Unit != "bytes" || parsed.Ranges.Count != 1) return false;
        var range = parsed.Ranges.First();
        if (range.From is { } first)
            (from, to) = (first, Math.Min(range.To ?? long.MaxValue, length - 1));
        else
            (from, to) = (Math.Max(length - (range.To ?? 0), 0), length - 1);
        return from <= to && from < length;
    }

    private void RequireTicket(string? token, TicketMethod method, string key)
    {
        if (BlobKey.IsValid(key) && signer.Verify(token, method, key) is { } ticket && time.GetUtcNow() < ticket.ExpiresAt) return;
        throw new TidegateException(ErrorCodes.TicketRefused, "The ticket is over, or is not for this blob and method.", "Ask the volume for a new ticket.");
    }

    private async Task DescribeExistingAsync(HttpContext context, string key, CancellationToken stop)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long at = 0;
        while (true)
        {
            var part = await blobs.GetRangeAsync(key, at, CopyBytes, stop);
            if (part.IsEmpty) break;
            hash.AppendData(part.Span);
            at += part.Length;
        }

        Describe(context, hash.GetHashAndReset(), at);
    }

    private static void Describe(HttpContext context, ReadOnlySpan<byte> digest, long length)
    {
        context.Response.StatusCode = StatusCodes.Status409Conflict;
        context.Response.Headers["Repr-Digest"] = $"sha-256=:{Convert.ToBase64String(digest)}:";
        context.Response.Headers["Tidegate-Blob-Length"] = length.ToString(CultureInfo.InvariantCulture);
    }
}
