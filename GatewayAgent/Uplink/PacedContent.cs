using System.Net;

namespace Tidegate.GatewayAgent.Uplink;

/// <summary>A body that is sent in the slices that a turn grants. <paramref name="waiting"/> is told when the limiter is waited for, and when no longer.</summary>
internal sealed class PacedContent(ReadOnlyMemory<byte> content, ITransferTurn turn, Action<bool> waiting) : HttpContent
{
    // HTTP's writer keeps small pieces back, to send them together: at a low rate that would be a burst.
    private const int KeptBack = 16 << 10;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        for (var left = content; left.Length > 0;)
        {
            waiting(true);
            var granted = await turn.TakeAsync(left.Length, cancellationToken);
            waiting(false);
            await stream.WriteAsync(left[..granted], cancellationToken);
            if (granted < KeptBack) await stream.FlushAsync(cancellationToken);
            left = left[granted..];
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = content.Length;
        return true;
    }
}
