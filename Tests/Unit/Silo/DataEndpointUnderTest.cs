using Microsoft.Extensions.Time.Testing;
using Tidegate.Silo.Blobs;
using Tidegate.Silo.Data;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;
using Tidegate.Tests.Kit.Blobs;

namespace Tidegate.Tests.Unit.Silo;

/// <summary>A data endpoint over a store in memory, with its tickets and a clock that the test drives.</summary>
internal sealed class DataEndpointUnderTest
{
    public DataEndpointUnderTest(DataOptions options)
    {
        Blobs = new MemoryBlobStore(Time);
        var signer = new TicketSigner(new byte[32]);
        Tickets = new DataEndpointTickets(signer, new ServiceAddresses { AgentsUrl = "https://agents" }, Time);
        Endpoint = new DataEndpoint(Blobs, signer, options, Time);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public MemoryBlobStore Blobs { get; }

    public DataEndpointTickets Tickets { get; }

    public DataEndpoint Endpoint { get; }
}
