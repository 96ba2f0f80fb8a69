using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.EndToEnd.Faults;

/// <summary>A snapshot that was taken while a journalled writer wrote, and the time in which it was.</summary>
internal sealed class SnapshotProof
{
    private const long Never = long.MaxValue / 2;

    private readonly Deployment _deployment;
    private readonly SnapshotView _reply;
    private readonly (long Before, long After) _times;

    private SnapshotProof(Deployment deployment, SnapshotView reply, (long Before, long After) times) => (_deployment, _reply, _times) = (deployment, reply, times);

    /// <summary>Asks until the agent, back from a fault, can be asked.</summary>
    public static async Task<SnapshotProof> TakeAsync(Deployment deployment, string volumeId)
    {
        using var client = deployment.Client();
        SnapshotProof? taken = null;
        await Eventually.TrueAsync("the agent takes a snapshot", async () =>
        {
            var before = JournalledWriter.Now;
            var snapshot = await client.CreateSnapshotAsync(volumeId, new CreateSnapshotRequest("after a fault"));
            // One that waits, because writes went past a full log, has its point later: it may hold what is written after the reply.
            var after = snapshot.State == SnapshotState.Waiting ? Never : JournalledWriter.Now;
            taken = new SnapshotProof(deployment, snapshot, (before, after));
            return true;
        });
        return taken!;
    }

    /// <summary>It completes, and what is served of it is a prefix of the write order with all that was acknowledged before it was asked for (I3, M2.8).</summary>
    public async Task VerifyAsync(JournalledWriter writer, string volumeUri)
    {
        using var client = _deployment.Client();
        await Eventually.TrueAsync("the snapshot completes", async () => (await client.GetSnapshotAsync(_reply.SnapshotId)).State == SnapshotState.Completed);
        var snapshot = await client.GetSnapshotAsync(_reply.SnapshotId);
        // Writes went past the full log before the service had the point (M2.6).
        var times = snapshot.IsPointMoved ? _times with { After = Never } : _times;
        var (ok, report) = await writer.VerifyAsync($"{volumeUri}@{_reply.SnapshotId}", times);
        Assert.True(ok, $"{report.ToJsonString()}; the reply was {_reply}, and now it is {snapshot}");
    }
}
