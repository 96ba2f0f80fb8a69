using System.Collections.Concurrent;
using Tidegate.Tests.Cluster.Link;
using Xunit;

namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>Tries frames by several hostile clients at once, and lists those that fared better or worse than they must.</summary>
/// <param name="silo">Where the clients connect.</param>
/// <param name="home">Where their gateways' grains live.</param>
/// <param name="bystanders">Agents that do their work meanwhile, undisturbed.</param>
internal sealed class Survey(GuardedSilo silo, GuardedSilo home, params LinkedAgent[] bystanders) : IAsyncDisposable
{
    private const int Clients = 4;
    private const int WorkEvery = 25;
    private const int Breach = 3001, RefusedCall = 3101;

    private readonly List<HostileClient> _clients = [];
    private readonly ConcurrentBag<string> _findings = [];

    /// <summary>Frames tried.</summary>
    public int Tried { get; private set; }

    /// <summary>Where what came of a frame is not what must come of it, and what was not reported.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(Func<TestGateway, IEnumerable<HostileFrame>> attempts)
    {
        while (_clients.Count < Clients) _clients.Add(await HostileClient.StartAsync(silo, home));
        var tried = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, Clients), async (number, _) =>
        {
            var client = _clients[number];
            foreach (var frame in attempts(client.Gateway).Where((_, index) => index % Clients == number))
            {
                if (Interlocked.Increment(ref tried) % WorkEvery == 0) await bystanders[tried / WorkEvery % bystanders.Length].WorksAsync();
                var fate = await client.TryAsync(frame);
                if (fate != frame.Expected && !(frame.Expected == Fate.Refused && fate == Fate.Closed))
                    _findings.Add($"{frame.Name}: {fate}, and it must be {frame.Expected}");
            }
        });
        Tried += tried;
        foreach (var bystander in bystanders) await bystander.WorksAsync();
        return [.. _findings.Order(StringComparer.Ordinal)];
    }

    /// <summary>Every closed connection and every refused call is in the log of a silo, and each client's chain of audit has heard of it.</summary>
    public async Task ReportedAsync(params GuardedSilo[] cluster)
    {
        foreach (var client in _clients)
        {
            await silo.Log.CountedAsync(Breach, $"gateway {client.Gateway.GatewayId} (client {client.ClientId}", client.Closures);
            var refused = cluster.Sum(each => each.Log.Texts(RefusedCall).Count(text => text.Contains($"client {client.ClientId} ", StringComparison.Ordinal)));
            Assert.Equal(client.Refusals, refused);
            if (client.Closures + client.Refusals > 0) await home.Audit.PublishedAsync(client.Gateway.GatewayId, "gateway.link-breached");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) await client.DisposeAsync();
    }
}
