using Tidegate.Client.Developers;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Tenants;

namespace Tidegate.Tests.Cluster.Link;

/// <summary>The example of <c>docs/operating/developers.md</c>: what stands between the marks is what is printed there.</summary>
internal static class DeveloperSample
{
    public static async Task RunAsync(Uri service, string apiKey, string caFile, string gatewayId, string name)
    {
        // Sample begins
        await using var client = await TidegateClient.ConnectAsync(new()
        {
            Service = service,
            ApiKey = apiKey,
            CaFile = caFile,
        });

        // Made twice with one idempotency key, it is one volume.
        var volume = await client.Tenant.CreateVolume(new NewVolume(gatewayId, name, SizeBytes: 64 << 20), idempotencyKey: name);
        var snapshot = await client.Tenant.CreateSnapshot(volume.VolumeId, "before the upgrade", idempotencyKey: "");
        await foreach (var seen in client.Tenant.WatchSnapshot(snapshot.SnapshotId))
            Console.WriteLine($"{seen.State} {seen.Progress:P0}");

        await foreach (var part in client.Tenant.ReadChangedBlocks(snapshot.SnapshotId, sinceSnapshotId: ""))
            Console.WriteLine($"{part.Blocks.Count} blocks of {part.BlockBytes} bytes hold data");

        try
        {
            await client.Volume(volume.VolumeId).Resize(128 << 20);
        }
        catch (TidegateException error) when (error.IsTransient)
        {
            Console.WriteLine($"{error.Code}: {error.Message} {error.NextStep}");
        }
        // Sample ends
    }
}
