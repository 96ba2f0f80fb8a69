using Tidegate.GatewayAgent.Uplink;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>Carries out tickets: an HTTP client, or the simulator.</summary>
internal interface IBlobTransport
{
    /// <summary>PUT, create only. True when stored, false when the key was already there (the caller compares).</summary>
    Task<bool> PutAsync(BlobTicket ticket, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>GET of a range into a buffer of its length; how many bytes the blob had of it. Once this ends, nobody writes to the buffer any more.</summary>
    Task<int> GetRangeAsync(BlobTicket ticket, long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>The same, with what is carried going by a turn that has begun.</summary>
    IBlobTransport By(ITransferTurn turn);
}
