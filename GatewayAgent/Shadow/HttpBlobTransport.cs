using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// Carries out tickets over HTTPS (<c>docs/protocols/volume-data.md</c>, Tickets): the blob store itself or the service's data
/// endpoint, each with the trust that the ticket names.
/// </summary>
/// <remarks>
/// Failures are <see cref="TidegateException"/>: <c>Unavailable</c> after the last attempt, <c>TicketRefused</c> when the ticket is
/// over or altered, <c>NotFound</c>, <c>Corrupt</c> when a blob under the key holds other bytes.
/// </remarks>
internal sealed class HttpBlobTransport(DataClients clients, TimeProvider time, BlobTransportOptions options, ITransferTurn? turn = null) : IBlobTransport
{
    private const string LengthHeader = "Tidegate-Blob-Length";
    private const string DigestHeader = "Repr-Digest";
    private const string AzureErrorHeader = "x-ms-error-code";

    // How an Azure store says that the key exists. A signature that lets us create and nothing else makes it answer 403: to write over a
    // blob is another permission. Should one of these ever mean something else, the commit finds that the blob is not there.
    private static readonly string[] AzureExists = ["BlobAlreadyExists", "ConditionNotMet", "UnauthorizedBlobOverwrite", "AuthorizationPermissionMismatch"];

    private readonly ITransferTurn _turn = turn ?? Unpaced.Instance;

    /// <inheritdoc/>
    public IBlobTransport By(ITransferTurn turn) => new HttpBlobTransport(clients, time, options, turn);

    /// <inheritdoc/>
    public Task<bool> PutAsync(BlobTicket ticket, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        AttemptAsync(ticket, async (failures, watch, stop) =>
        {
            using var body = new PacedContent(content, _turn, watch);
            using var request = Request(ticket, HttpMethod.Put, body);
            // The earlier attempt may have stored the blob, or met a server that is busy: it may say so before it is sent everything again.
            request.Headers.ExpectContinue = failures > 0;
            using var response = await clients.For(ticket).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
            if (response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.NoContent)
                return true;
            if (!SaysExists(response))
                throw Failure(ticket, response);
            Compare(ticket, response, content.Span);
            return false;
        }, cancellationToken);

    /// <inheritdoc/>
    public Task<int> GetRangeAsync(BlobTicket ticket, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfZero(buffer.Length);
        return AttemptAsync(ticket, async (_, watch, stop) =>
        {
            using var request = Request(ticket, HttpMethod.Get, null);
            request.Headers.Range = new RangeHeaderValue(offset, offset + buffer.Length - 1);
            using var response = await clients.For(ticket).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
            // A range that starts at or past the end is an empty read, as at every other store.
            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
                return 0;
            if (response.StatusCode is not (HttpStatusCode.PartialContent or HttpStatusCode.OK))
                throw Failure(ticket, response);
            var skip = response.StatusCode == HttpStatusCode.OK ? offset : 0;
            return await ReadAsync(response, skip, buffer, watch, stop);
        }, cancellationToken);
    }

    private async Task<int> ReadAsync(HttpResponseMessage response, long skip, Memory<byte> buffer, Action<bool> watch, CancellationToken stop)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(stop);
        while (skip > 0)
        {
            var dropped = await stream.ReadAsync(buffer[..(int)Math.Min(skip, buffer.Length)], stop);
            if (dropped == 0)
                return 0;
            skip -= dropped;
        }
        var read = 0;
        for (var isOver = false; read < buffer.Length && !isOver;)
        {
            watch(true);
            var granted = await _turn.TakeAsync(buffer.Length - read, stop);
            watch(false);
            var got = await stream.ReadAtLeastAsync(buffer.Slice(read, granted), granted, throwOnEndOfStream: false, stop);
            (read, isOver) = (read + got, got < granted);
        }
        if (response.Content.Headers.ContentLength is { } promised && response.StatusCode == HttpStatusCode.PartialContent && read < Math.Min(promised, buffer.Length))
            throw new HttpIOException(HttpRequestError.ResponseEnded, "the answer ended early");
        return read;
    }

    private static HttpRequestMessage Request(BlobTicket ticket, HttpMethod method, HttpContent? body)
    {
        var request = new HttpRequestMessage(method, ticket.Url) { Content = body };
        foreach (var (name, value) in ticket.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
                body?.Headers.TryAddWithoutValidation(name, value);
        }
        return request;
    }

    private async Task<T> AttemptAsync<T>(BlobTicket ticket, Func<int, Action<bool>, CancellationToken, Task<T>> attempt, CancellationToken cancellationToken)
    {
        var delay = new RetryDelay(options.FirstDelay, options.LongestDelay);
        while (true)
        {
            string reason;
            Exception cause;
            using var limit = new CancellationTokenSource(options.AttemptTimeout, time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            try
            {
                // While the limiter is waited for, the peer owes nothing.
                return await attempt(delay.Failures, isWaiting => limit.CancelAfter(isWaiting ? Timeout.InfiniteTimeSpan : options.AttemptTimeout), stop.Token);
            }
            catch (TidegateException refused) when (refused.Code == ErrorCodes.Unavailable)
            {
                (reason, cause) = (refused.Message, refused);
            }
            catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
            {
                (reason, cause) = ($"no answer within {options.AttemptTimeout.TotalSeconds:0} s", late);
            }
            catch (Exception broken) when (broken is HttpRequestException or IOException)
            {
                (reason, cause) = (broken.Message, broken);
            }
            var pause = delay.Next();
            if (delay.Failures >= options.Attempts)
                throw new TidegateException(ErrorCodes.Unavailable, $"{ticket.Method} of blob '{ticket.BlobKey}' failed {delay.Failures} times: {reason} ({cause.GetType().Name})");
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    /// <summary>The key is ours alone, so what is there should be what we sent; a store that says more is believed.</summary>
    private static void Compare(BlobTicket ticket, HttpResponseMessage response, ReadOnlySpan<byte> content)
    {
        if (Header(response, LengthHeader) is { } length && length != content.Length.ToString(CultureInfo.InvariantCulture))
            throw new TidegateException(ErrorCodes.Corrupt, $"Blob '{ticket.BlobKey}' exists with {length} bytes; this upload has {content.Length}.");
        if (Header(response, DigestHeader) is { } digest && digest.StartsWith("sha-256=:", StringComparison.Ordinal)
            && digest != $"sha-256=:{Convert.ToBase64String(SHA256.HashData(content))}:")
        {
            throw new TidegateException(ErrorCodes.Corrupt, $"Blob '{ticket.BlobKey}' exists with other bytes than this upload.");
        }
    }

    private static bool SaysExists(HttpResponseMessage response) =>
        Header(response, AzureErrorHeader) is { } code
            ? AzureExists.Contains(code, StringComparer.Ordinal)
            : response.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed;

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values) ? values.FirstOrDefault() : null;

    private static TidegateException Failure(BlobTicket ticket, HttpResponseMessage response)
    {
        var what = $"{ticket.Method} of blob '{ticket.BlobKey}' was answered {(int)response.StatusCode} {Header(response, AzureErrorHeader) ?? response.ReasonPhrase}";
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new TidegateException(ErrorCodes.TicketRefused, what + ": the ticket is over or altered", "A new ticket is needed."),
            HttpStatusCode.NotFound or HttpStatusCode.Gone => new TidegateException(ErrorCodes.NotFound, what),
            HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => new TidegateException(ErrorCodes.Unavailable, what),
            _ => new TidegateException(ErrorCodes.Internal, what, "The agent and the service disagree about the protocol; compare their versions."),
        };
    }
}
