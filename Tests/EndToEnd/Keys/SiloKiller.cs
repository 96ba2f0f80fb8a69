using Tidegate.Client.Rest;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.EndToEnd.Keys;

/// <summary>Kills a deployment's silo in the middle of a request, at a file that the work on it makes or takes away.</summary>
internal sealed class SiloKiller(Deployment deployment)
{
    /// <summary>The n-th head manifest of a volume was stored.</summary>
    public FileTrigger AtManifest(int count, string volume) => new(
        deployment.BlobFolder, (kind, path) => kind == WatcherChangeTypes.Created && path.Contains(volume + "/head/", StringComparison.Ordinal), count, Kill);

    /// <summary>The n-th write to the database.</summary>
    public FileTrigger AtSave(int count) => new(
        deployment.StateFolder, (kind, path) => kind == WatcherChangeTypes.Changed && path.EndsWith("state.db-wal", StringComparison.Ordinal), count, Kill);

    /// <summary>Asks, is killed as the trigger says whatever becomes of the request, and leaves the silo down.</summary>
    public async Task KillAsync(FileTrigger trigger, Func<TidegateRestClient, Task> request)
    {
        using (trigger)
        {
            await AskAsync(request);
            await trigger.FiredAsync();
        }

        await deployment.EndSiloAsync();
    }

    /// <summary>Asks once; the answer may be lost.</summary>
    private async Task AskAsync(Func<TidegateRestClient, Task> request)
    {
        using var client = deployment.Client(attempts: 1);
        try
        {
            await request(client);
        }
        catch (Exception lost) when (lost is HttpRequestException or Tidegate.Grains.Interfaces.Errors.TidegateException or OperationCanceledException)
        {
            // The silo died of it.
        }
    }

    // The silo that runs by then.
    private void Kill() => deployment.Silo.KillNow();

    /// <summary>Every volume of the bucket is sound, by the bucket and the account's key alone.</summary>
    public async Task VerifyAsync(int volumes)
    {
        var verified = await deployment.CliOkAsync("store", "verify", "--blobs", deployment.BlobFolder, "--keys", deployment.AccountKeyFile);
        if (!(bool)verified["isSound"]! || verified["volumes"]!.AsArray().Count != volumes) throw new InvalidOperationException(verified.ToJsonString());
    }
}
