namespace Tidegate.Silo.Link;

/// <summary>
/// Closes the connections of links whose gateway's grain died with its silo. The agents would notice by silence; this way
/// they are back before their deadline (M1.9).
/// </summary>
internal sealed partial class ServingSiloWatch(
    LinkConnections connections, IClusterMembershipService membership, ILogger<ServingSiloWatch> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var buried = new HashSet<SiloAddress>();
        await foreach (var view in membership.MembershipUpdates.WithCancellation(stoppingToken))
        {
            foreach (var dead in view.Members.Values.Where(member => member.Status == SiloStatus.Dead && buried.Add(member.SiloAddress)))
            {
                var closed = connections.CloseServedBy(dead.SiloAddress, "the silo that served its link is dead");
                if (closed > 0) Closed(logger, closed, dead.SiloAddress);
            }

            // A row that was cleaned away never comes back.
            buried.RemoveWhere(silo => !view.Members.ContainsKey(silo));
        }
    }

    [LoggerMessage(3006, LogLevel.Warning, "Closed {Count} connections whose links were served by silo {Silo}, which is dead; their agents connect again")]
    private static partial void Closed(ILogger logger, int count, SiloAddress silo);
}
