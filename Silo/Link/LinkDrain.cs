namespace Tidegate.Silo.Link;

/// <summary>
/// Hands this silo's links over before it stops (<c>docs/protocols/link.md</c>, stopping): no new ones from then on, and the present ones
/// are closed little by little, once no silo offers this one any more, while their gateways' grains still work. Runs before Orleans stops.
/// </summary>
internal sealed partial class LinkDrain(
    LinkConnections connections, ISiloStatusOracle membership, TimeProvider time, ILogger<LinkDrain> logger) : IHostedService
{
    private static readonly TimeSpan _step = TimeSpan.FromMilliseconds(100);
    private const int Steps = 20;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        connections.IsClosed = true;
        // With nowhere to go to, links may as well last until the silo ends.
        if (membership.GetActiveSilos().All(membership.SiloAddress.Equals)) return;
        await Task.Delay(LinkOffers.MaxAge, time, cancellationToken);
        var open = connections.All();
        if (open.Count > 0) Draining(logger, open.Count);
        foreach (var some in open.Chunk((open.Count + Steps - 1) / Steps is var size and > 0 ? size : 1))
        {
            foreach (var connection in some) connection.Close("its silo is stopping");
            await Task.Delay(_step, time, cancellationToken);
        }
    }

    [LoggerMessage(3007, LogLevel.Information, "This silo is stopping: {Count} agents are sent to other silos")]
    private static partial void Draining(ILogger logger, int count);
}
