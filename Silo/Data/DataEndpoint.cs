using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
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
internal sealed class DataEndpoint(IBlobStore blobs, TicketSigner signer, DataOptions options, TimeProvider time) : IDisposable
{
    private const int CopyBytes = 1024 * 1024;
    private static readonly TimeSpan RateGrace = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _uploads = new(options.MaxUploads, options.MaxUploads);

    /// <summary>Stores a blob that does not exist: 201 when it is durable, 409 with digest and length of what is there otherwise.</summary>
    public async Task PutAsync(HttpContext context, string key, string? ticket)
    {
        RequireTicket(ticket, TicketMethod.Put, key);
        var request = context.Request;
        if (request.ContentLength is not { } length)
            throw new BadHttpRequestException("The upload has no Content-Length; send it.", StatusCodes.Status411LengthRequired);
        if (length > options.MaxBlobBytes)
            throw new BadHttpRequestException($"The upload has {length} bytes; a blob has at most {options.MaxBlobBytes}.", StatusCodes.Status413PayloadTooLarge);
        Limit(context, length);
        if (!await _uploads.WaitAsync(TimeSpan.Zero))
            throw new TidegateException(ErrorCodes.Unavailable, $"{options.MaxUploads} uploads are running, which is the limit.", "Try again shortly.");
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Max(length, 1));
        try
        {
            var content = buffer.AsMemory(0, (int)length);
            await request.Body.ReadExactlyAsync(content, context.RequestAborted);
            // From here on the put goes through, whether or not the agent still listens: its retry finds the blob.
            if (await blobs.PutIfAbsentAsync(key, content) == PutOutcome.Stored) context.Response.StatusCode = StatusCodes.Status201Created;
            else Describe(context, SHA256.HashData(content.Span), length);
            return;
        }
        catch (BlobConflictException)
        {
            // Described below, without the memory of this upload.
        }
        catch (EndOfStreamException)
        {
            throw new BadHttpRequestException($"The upload ended before its {length} bytes were read; send it again.", StatusCodes.Status400BadRequest);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _uploads.Release();
        }

        await DescribeExistingAsync(context, key);
    }

    /// <summary>Reads a blob, whole or one range.</summary>
    public async Task GetAsync(HttpContext context, string key, string? ticket)
    {
        RequireTicket(ticket, TicketMethod.Get, key);
        var length = await blobs.GetLengthAsync(key, context.RequestAborted)
            ?? throw new TidegateException(ErrorCodes.NotFound, $"Blob '{key}' does not exist.");
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
            var part = await blobs.GetRangeAsync(key, at, (int)Math.Min(CopyBytes, to - at + 1), context.RequestAborted);
            if (part.IsEmpty) throw new IOException($"Blob '{key}' ended at {at}, before its length {length}.");
            await response.Body.WriteAsync(part, context.RequestAborted);
            at += part.Length;
        }
    }

    public void Dispose() => _uploads.Dispose();

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

    private void Limit(HttpContext context, long length)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = length;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = options.MinBytesPerSecond == 0 ? null : new MinDataRate(options.MinBytesPerSecond, RateGrace);
    }

    private async Task DescribeExistingAsync(HttpContext context, string key)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long at = 0;
        while (true)
        {
            var part = await blobs.GetRangeAsync(key, at, CopyBytes, context.RequestAborted);
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
