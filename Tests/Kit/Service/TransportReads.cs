using Tidegate.GatewayAgent.Shadow;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Tests.Kit.Service;

/// <summary>Reads into a buffer that tests need not make themselves.</summary>
internal static class TransportReads
{
    public static async Task<ReadOnlyMemory<byte>> GetRangeAsync(
        this IBlobTransport transport, BlobTicket ticket, long offset, int length, CancellationToken cancellationToken)
    {
        var buffer = new byte[length];
        return buffer.AsMemory(0, await transport.GetRangeAsync(ticket, offset, buffer.AsMemory(), cancellationToken));
    }
}
