using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Waking;

namespace Tidegate.Grains.Gateways;

/// <summary>
/// The liveness protocol of a link (M1.6, <c>docs/protocols/management.md</c>): pings whose interval grows from 1 s to 4 s as
/// they are answered and falls back to 1 s when one is not; lost after 9 s of silence. Pure; writes no state.
/// </summary>
internal static class LinkMachine
{
    /// <summary>Interval after opening and after an unanswered ping.</summary>
    public static readonly TimeSpan FirstInterval = TimeSpan.FromSeconds(1);

    /// <summary>Longest interval.</summary>
    public static readonly TimeSpan LongestInterval = TimeSpan.FromSeconds(4);

    /// <summary>Silence after which either side gives the link up.</summary>
    public static readonly TimeSpan LostAfter = TimeSpan.FromSeconds(9);

    /// <summary>A link just opened; its first ping is due at once.</summary>
    public static LinkState Open(LinkHello hello, long generation, DateTimeOffset now) =>
        new(generation, hello.ClientId, hello.InstanceId, hello.AgentVersion, 0, true, FirstInterval, now, now, now + WakeShards.LeaseTerm, hello.AppliedConfigurationVersion, []);

    /// <summary>What is due now.</summary>
    public static LinkStep Tick(LinkState link, DateTimeOffset now)
    {
        var lostAt = link.HeardAt + LostAfter;
        if (now >= lostAt) return new LinkStep(link, null, true, false, TimeSpan.Zero);
        LinkPing? ping = null;
        if (now >= link.NextPingAt)
        {
            var interval = link.IsAnswered ? link.Interval : FirstInterval;
            link = link with { PingNumber = link.PingNumber + 1, IsAnswered = false, Interval = interval, NextPingAt = now + interval };
            ping = new LinkPing(link.PingNumber, LostAfter);
        }

        var next = link.NextPingAt < lostAt ? link.NextPingAt : lostAt;
        return new LinkStep(link, ping, false, now >= link.LeaseUntil, next - now);
    }

    /// <summary>Takes a heartbeat. An answer to the newest ping doubles the interval; a late one only proves life.</summary>
    public static LinkState Heard(LinkState link, LinkHeartbeat heartbeat, DateTimeOffset now)
    {
        RequireGeneration(link, heartbeat.Generation);
        if (heartbeat.PingNumber < 1 || heartbeat.PingNumber > link.PingNumber || heartbeat.Volumes.Count > GatewayMachine.MaxVolumes)
        {
            throw new TidegateException(ErrorCodes.InvalidArgument, "The heartbeat answers no ping of this link or names too many volumes.", "Close the link and open it again.");
        }

        var heard = link with { HeardAt = now, AppliedConfigurationVersion = heartbeat.AppliedConfigurationVersion, Volumes = heartbeat.Volumes };
        if (heartbeat.PingNumber < link.PingNumber || link.IsAnswered) return heard;
        var interval = link.Interval * 2 < LongestInterval ? link.Interval * 2 : LongestInterval;
        return heard with { IsAnswered = true, Interval = interval, NextPingAt = link.NextPingAt - link.Interval + interval };
    }

    /// <summary>The shard has renewed the lease that was asked for at <paramref name="asked"/>, so that it ends here before it ends there.</summary>
    public static LinkState LeaseRenewed(LinkState link, DateTimeOffset asked) => link with { LeaseUntil = asked + WakeShards.LeaseTerm };

    /// <summary>Refuses what an agent says in the name of another generation.</summary>
    public static void RequireGeneration(LinkState? link, long generation)
    {
        if (link is not null && link.Generation == generation) return;
        throw new TidegateException(ErrorCodes.InvalidState, $"Link generation {generation} is not the open one.", "Open the link again.");
    }
}
