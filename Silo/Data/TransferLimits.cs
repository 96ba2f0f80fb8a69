using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Data;

/// <summary>The bounds of one transfer: a slot, a slowest speed and a last moment. Disposing gives the slot back.</summary>
internal sealed class TransferLimits : IDisposable
{
    private static readonly TimeSpan RateGrace = TimeSpan.FromSeconds(10);

    private readonly IDisposable _slot;
    private readonly CancellationTokenSource _timeout;
    private readonly CancellationTokenSource _stop;

    /// <summary>Throws <c>Unavailable</c> when there is no slot. <paramref name="uploadBytes"/> is null for a download.</summary>
    public TransferLimits(HttpContext context, IDisposable slot, long? uploadBytes, DataOptions options, TimeProvider time)
    {
        _slot = slot;
        _timeout = new CancellationTokenSource(TimeSpan.FromSeconds(options.MaxTransferSeconds), time);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _timeout.Token);
        if (uploadBytes is { } length && context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = length;
        // Over HTTP/2 the server measures connections, not requests, and refuses to be told otherwise.
        if (HttpProtocol.IsHttp2(context.Request.Protocol)) return;
        var slowest = options.MinBytesPerSecond == 0 ? null : new MinDataRate(options.MinBytesPerSecond, RateGrace);
        if (uploadBytes is not null && context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } request) request.MinDataRate = slowest;
        if (uploadBytes is null && context.Features.Get<IHttpMinResponseDataRateFeature>() is { } response) response.MinDataRate = slowest;
    }

    /// <summary>Cancelled when the client has gone or the time is over.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>True when the time is over.</summary>
    public bool IsOver => _timeout.IsCancellationRequested;

    public void Dispose()
    {
        _stop.Dispose();
        _timeout.Dispose();
        _slot.Dispose();
    }
}
