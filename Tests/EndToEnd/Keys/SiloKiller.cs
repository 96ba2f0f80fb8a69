using Tidegate.Client.Rest;
using Tidegate.Tests.Kit.Processes;

namespace Tidegate.Tests.EndToEnd.Keys;

/// <summary>Kills a deployment's silo in the middle of a request, at a file that the work on it makes or takes away.</summary>
internal sealed class SiloKiller(Deployment deployment)
{
    /// <summary>The account's key file was replaced, and holds so many keys.</summary>
    public FileTrigger AtKeyFile(int keys) => new(
        Path.GetDirectoryName(deployment.AccountKeyFile)!,
        (kind, path) => kind == WatcherChangeTypes.Created && path == deployment.AccountKeyFile && Generations().Length == keys, 1, Kill);

    /// <summary>The n-th head manifest was stored; of one volume, or of any.</summary>
    public FileTrigger AtManifest(int count, string volume = "") => new(
        deployment.BlobFolder, (kind, path) => kind == WatcherChangeTypes.Created && path.Contains(volume + "/head/", StringComparison.Ordinal), count, Kill);

    /// <summary>The n-th blob of a volume was deleted.</summary>
    public FileTrigger AtDeletion(int count, string volume) => new(
        deployment.BlobFolder, (kind, path) => kind == WatcherChangeTypes.Deleted && path.Contains($"/{volume}/", StringComparison.Ordinal), count, Kill);

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

    /// <summary>
    /// Starts the silo with its clock ahead, is killed as the trigger says while it takes up what is due, and leaves it down. False when it did not come to
    /// that; then the silo is up.
    /// </summary>
    public async Task<bool> KillAtWorkAsync(FileTrigger trigger, TimeSpan ahead)
    {
        using (trigger)
        {
            try
            {
                await deployment.StartSiloAsync(ahead: ahead);
            }
            catch (InvalidOperationException) when (deployment.Silo.HasExited)
            {
                // It was at work, and killed, before it said that it was ready.
            }

            try
            {
                await trigger.FiredAsync(TimeSpan.FromSeconds(40));
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        await deployment.EndSiloAsync();
        return true;
    }

    /// <summary>Asks once; the answer may be lost.</summary>
    public async Task AskAsync(Func<TidegateRestClient, Task> request)
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

    /// <summary>Generations of the account's key, newest first.</summary>
    public int[] Generations() => [.. Tidegate.BlockStore.Keys.AccountKeyFile.Read(deployment.AccountKeyFile)!.Generations];

    /// <summary>Every volume of the bucket is sound, by the bucket and the account's key alone.</summary>
    public async Task VerifyAsync(int volumes)
    {
        var verified = await deployment.CliOkAsync("store", "verify", "--blobs", deployment.BlobFolder, "--keys", deployment.AccountKeyFile);
        if (!(bool)verified["isSound"]! || verified["volumes"]!.AsArray().Count != volumes) throw new InvalidOperationException(verified.ToJsonString());
    }
}
