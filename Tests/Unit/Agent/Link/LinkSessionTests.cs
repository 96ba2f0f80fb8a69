using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Link;

public sealed class LinkSessionTests
{
    [Fact]
    public async Task A_link_says_hello_registers_its_observer_and_answers_pings()
    {
        await using var bench = new LinkBench(appliedVersion: 3);
        var connection = await bench.AcceptedAsync(generation: 5);
        Assert.Equal(("client-1", bench.Board.Current.InstanceId, 3L), (connection.Hello!.ClientId, connection.Hello.InstanceId, connection.Hello.AppliedConfigurationVersion));
        Assert.Same(bench.Inbox, connection.Observer);
        Assert.Same(connection, bench.Holder.Connection);

        connection.Send(new LinkPing(1, TimeSpan.FromSeconds(9)));
        var heartbeat = await bench.DrivenAsync(connection.NextHeartbeatAsync());
        Assert.Equal((5L, 1L, 3L), (heartbeat.Generation, heartbeat.PingNumber, heartbeat.AppliedConfigurationVersion));
    }

    [Fact]
    public async Task M3_5_A_renewed_certificate_gets_its_own_connection_and_the_old_link_stands_until_that_is_accepted()
    {
        await using var bench = new LinkBench();
        var old = await UnhurriedAsync(bench, await bench.AcceptedAsync());
        Assert.True(old.IsAccepted);
        bench.Connector.Outdated = 1;
        await bench.UntilAsync(() => bench.Connector.HasNext);
        var next = await bench.Connector.NextAsync();
        Assert.Same(old, bench.Holder.Connection);
        Assert.False(old.IsDisposed);
        next.Send(new LinkAccepted(2, "silo"));
        await bench.UntilAsync(() => ReferenceEquals(next, bench.Holder.Connection));
        Assert.True(next.IsAccepted);
        Assert.Same(bench.Inbox, next.Observer);
        await UnhurriedAsync(bench, next);
        // The service ends the old one; answers that are on their way to it still arrive.
        old.Send(new LinkSuperseded("The agent opened a newer link.", true));
        await bench.UntilAsync(() => true);
        Assert.False(old.IsDisposed);
        await bench.UntilAsync(() => old.IsDisposed, TimeSpan.FromMilliseconds(10));
        Assert.Equal((2, AgentState.Connected, 2L), (bench.Connector.Attempts, bench.Board.Current.State, bench.Board.Current.Link!.Generation));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task M3_5_A_link_that_cannot_be_moved_stands_and_is_moved_later(bool isUnreachable)
    {
        await using var bench = new LinkBench();
        var old = await UnhurriedAsync(bench, await bench.AcceptedAsync());
        if (isUnreachable) bench.Connector.Failures.Enqueue(new TidegateException(ErrorCodes.Unavailable, "no silo"));
        bench.Connector.Outdated = 1;
        await bench.UntilAsync(() => bench.Connector.Attempts == 2);
        if (!isUnreachable) (await bench.Connector.NextAsync()).Break(new TidegateException(ErrorCodes.InvalidState, "not the newest"));
        Assert.Same(old, bench.Holder.Connection);
        await bench.UntilAsync(() => bench.Connector.HasNext, TimeSpan.FromMilliseconds(10));
        var next = await bench.Connector.NextAsync();
        next.Send(new LinkAccepted(2, "silo"));
        await bench.UntilAsync(() => ReferenceEquals(next, bench.Holder.Connection));
        Assert.Equal((3, false), (bench.Connector.Attempts, old.IsDisposed));
    }

    [Fact]
    public async Task M1_9_A_report_that_the_old_link_may_not_make_any_more_is_made_over_the_new_one()
    {
        await using var bench = new LinkBench();
        var old = await UnhurriedAsync(bench, await bench.AcceptedAsync());
        // The service has opened the new link, and this agent has not heard of it.
        old.ReportFailure = new TidegateException(ErrorCodes.InvalidState, "Link generation 1 is not the open one.");
        var reply = await bench.Inbox.Deliver(new DescribeRequest { RequestId = "req-1", ValidFor = TimeSpan.FromSeconds(5) });
        Assert.True(reply.Accepted);
        await bench.UntilAsync(() => old.ReportAttempts == 1 && bench.Journal.Unreported().Count == 1);
        bench.Connector.Outdated = 1;
        await bench.UntilAsync(() => bench.Connector.HasNext);
        var next = await bench.Connector.NextAsync();
        next.Send(new LinkAccepted(2, "silo"));
        Assert.Equal(("req-1", 2L), Of(await bench.DrivenAsync(next.NextReportAsync())));
        Assert.Equal(1, old.ReportAttempts);
    }

    private static (string RequestId, long Generation) Of(RequestReport report) => (report.RequestId, report.Generation);

    /// <summary>The link may be silent for a minute from now on: more than the test lets pass.</summary>
    private static async Task<FakeConnection> UnhurriedAsync(LinkBench bench, FakeConnection connection)
    {
        connection.Send(new LinkPing(1, TimeSpan.FromSeconds(60)));
        await bench.DrivenAsync(connection.NextHeartbeatAsync());
        return connection;
    }

    [Fact]
    public async Task A_volume_that_changes_its_state_is_told_before_the_next_ping()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        connection.Send(new LinkPing(1, TimeSpan.FromSeconds(9)));
        await bench.DrivenAsync(connection.NextHeartbeatAsync());
        bench.Volumes.Statuses = [new NamedVolumeStatus("data", new VolumeStatus("vol-1", VolumeRunState.Shadowing, "", 0, 0, ["nbd://x/data"], 1, 1))];
        var heartbeat = await bench.SlowlyDrivenAsync(connection.NextHeartbeatAsync());
        Assert.Equal(1, heartbeat.PingNumber);
        Assert.Equal(VolumeRunState.Shadowing, Assert.Single(heartbeat.Volumes).State);
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, connection.HeartbeatCount);
    }

    [Fact]
    public async Task Silence_past_the_deadline_ends_the_link_and_a_sound_one_is_replaced_at_once()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        connection.Send(new LinkPing(1, TimeSpan.FromSeconds(9)));
        await bench.DrivenAsync(connection.NextHeartbeatAsync());
        bench.Time.Advance(TimeSpan.FromSeconds(8.5));
        await bench.UntilAsync(() => true);
        Assert.Equal(1, bench.Connector.Attempts);
        bench.Time.Advance(TimeSpan.FromSeconds(0.6));
        // No time passes any more: whoever stood nine seconds is replaced without a wait.
        await bench.Time.DriveAsync(() => bench.Connector.Attempts == 2, TimeSpan.Zero);
        Assert.True(connection.IsDisposed);
        Assert.Equal(AgentState.Disconnected, bench.Board.Current.State);
        Assert.Contains("silent", bench.Board.Current.Reason, StringComparison.Ordinal);
        await bench.AcceptedAsync(generation: 2);
    }

    [Fact]
    public async Task A_deadline_moves_with_every_ping()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        for (var n = 1; n <= 10; n++)
        {
            connection.Send(new LinkPing(n, TimeSpan.FromSeconds(9)));
            await bench.DrivenAsync(connection.NextHeartbeatAsync());
            bench.Time.Advance(TimeSpan.FromSeconds(4));
        }
        Assert.Equal(1, bench.Connector.Attempts);
        Assert.Equal(AgentState.Connected, bench.Board.Current.State);
    }

    [Theory]
    [InlineData("frames")]
    [InlineData("connection")]
    [InlineData("heartbeat")]
    public async Task A_link_that_breaks_is_opened_again_and_local_work_is_not_touched(string what)
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        if (what == "frames") connection.Break(new TimeoutException("gone"));
        else if (what == "connection") connection.Lose();
        else
        {
            connection.HeartbeatFailure = new TimeoutException("gone");
            connection.Send(new LinkPing(1, TimeSpan.FromSeconds(9)));
        }
        var second = await bench.AcceptedAsync(generation: 2);
        Assert.True(connection.IsDisposed);
        Assert.Same(second, bench.Holder.Connection);
        Assert.Empty(bench.Volumes.Applied);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_that_ends_alone_is_opened_again_at_once_on_its_connection(bool withError)
    {
        await using var bench = new LinkBench();
        var connection = await bench.StoodAsync();
        connection.Break(withError ? new InvalidOperationException("the activation is gone") : null);
        await bench.UntilAsync(() => connection.Opened == 2);
        connection.Send(new LinkAccepted(2, "silo"));
        await bench.UntilAsync(() => bench.Board.Current is { State: AgentState.Connected, Link.Generation: 2 });
        Assert.Equal((1, false), (bench.Connector.Attempts, connection.IsDisposed));
        connection.Send(new LinkPing(1, TimeSpan.FromSeconds(9)));
        Assert.Equal(2, (await bench.DrivenAsync(connection.NextHeartbeatAsync())).Generation);
    }

    [Fact]
    public async Task A_stream_that_is_not_accepted_again_costs_the_connection_and_no_wait()
    {
        await using var bench = new LinkBench();
        var connection = await bench.StoodAsync();
        connection.Break();
        await bench.UntilAsync(() => connection.Opened == 2);
        connection.Break(new TidegateException(ErrorCodes.InvalidState, "The link's connection is not the gateway's newest one."));
        await bench.UntilAsync(() => bench.Connector.Attempts == 2);
        Assert.True(connection.IsDisposed);
    }

    [Fact]
    public async Task An_agent_that_was_never_linked_spaces_its_attempts_out()
    {
        var attempts = 0;
        await using var bench = new LinkBench(failing: () => ++attempts <= 7 ? new TidegateException(ErrorCodes.Unavailable, "away") : null);
        var start = bench.Time.GetUtcNow();
        await bench.AcceptedAsync();
        // Half of 0.25 + 0.5 + 1 + 2 + 4 + 8 + 8 s is the least that jitter leaves.
        Assert.True((bench.Time.GetUtcNow() - start).TotalSeconds >= 11);
    }

    [Fact]
    public async Task A_refused_credential_is_shown_and_asked_again_now_and_then()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        bench.Connector.Failures.Enqueue(new TidegateException(ErrorCodes.Forbidden, "The certificate was revoked."));
        connection.Break();
        await bench.UntilAsync(() => bench.Board.Current.State == AgentState.Refused, TimeSpan.FromMilliseconds(10));
        Assert.Equal("The certificate was revoked.", bench.Board.Current.Reason);
        await bench.AcceptedAsync(generation: 2);
    }

    [Fact]
    public async Task Superseded_by_another_instance_it_stops_and_says_why()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        connection.Send(new LinkSuperseded("Another agent opened link 2.", SameInstance: false));
        await bench.Time.DriveAsync(bench.Running, TimeSpan.Zero);
        Assert.Equal(AgentState.Superseded, bench.Board.Current.State);
        Assert.Contains("Another agent opened link 2.", bench.Board.Current.Reason, StringComparison.Ordinal);
        Assert.Equal(1, bench.Connector.Attempts);
        Assert.Null(bench.Holder.Connection);
    }

    [Fact]
    public async Task Superseded_by_its_own_newer_link_it_goes_on()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        connection.Send(new LinkSuperseded("Link 2 is newer.", SameInstance: true));
        await bench.AcceptedAsync(generation: 2);
    }

    [Fact]
    public async Task The_newest_configuration_is_applied_even_when_it_fails_at_first()
    {
        await using var bench = new LinkBench();
        bench.Volumes.ApplyFailures.Enqueue(new IOException("disk"));
        bench.Volumes.ApplyFailures.Enqueue(new IOException("disk"));
        var connection = await bench.AcceptedAsync();
        connection.Send(new LinkConfiguration(new GatewayConfiguration(4, "renamed", "UTC", [])));
        await bench.UntilAsync(() => bench.Volumes.AppliedConfigurationVersion == 4, TimeSpan.FromMilliseconds(1));
        Assert.Equal([4L], bench.Volumes.Applied);
    }

    [Fact]
    public async Task An_unknown_frame_is_passed_over()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        connection.Send(new NewerFrame());
        connection.Send(new LinkPing(1, TimeSpan.FromSeconds(9)));
        await bench.DrivenAsync(connection.NextHeartbeatAsync());
    }

    private sealed record NewerFrame : LinkFrame;
}
