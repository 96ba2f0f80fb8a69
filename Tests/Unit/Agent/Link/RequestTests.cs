using Tidegate.GatewayAgent.Link;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Link;

public sealed class RequestTests
{
    [Fact]
    public async Task A_request_is_durable_before_it_is_accepted_and_its_result_is_reported()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync(generation: 9);
        Assert.True((await bench.Inbox.Deliver(Snapshot("req-1"))).Accepted);
        Assert.NotNull(new LinkBenchJournal(bench).Reread("req-1"));
        var report = await bench.DrivenAsync(connection.NextReportAsync());
        Assert.Equal(("req-1", 9L, true, ""), (report.RequestId, report.Generation, report.IsFinal, report.ErrorCode));
        Assert.Equal(new SnapshotBarrier("snap-1", 1, 100, false), report.Result);
    }

    [Fact]
    public async Task A_repeated_delivery_works_once_and_answers_again()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        bench.Volumes.Gate = new TaskCompletionSource();
        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => bench.Inbox.Deliver(Snapshot("req-1"))));
        Assert.All(replies, r => Assert.True(r.Accepted));
        bench.Volumes.Gate.SetResult();
        var first = await bench.DrivenAsync(connection.NextReportAsync());
        Assert.True((await bench.Inbox.Deliver(Snapshot("req-1"))).Accepted);
        var again = await bench.DrivenAsync(connection.NextReportAsync());
        Assert.Equal(first.Result, again.Result);
        Assert.Equal(1, bench.Volumes.Barriers);
    }

    [Fact]
    public async Task A_report_that_was_not_taken_is_sent_again_on_the_next_link()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        connection.ReportFailure = new TimeoutException("gone");
        await bench.Inbox.Deliver(Snapshot("req-1"));
        await bench.UntilAsync(() => bench.Journal.Unreported().Count == 1);
        connection.Break();
        var next = await bench.AcceptedAsync(generation: 2);
        Assert.Equal(2, (await bench.DrivenAsync(next.NextReportAsync())).Generation);
        await bench.UntilAsync(() => bench.Journal.Unreported().Count == 0);
    }

    [Fact]
    public async Task A_report_that_nobody_wants_any_more_is_dropped()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        connection.ReportFailure = new TidegateException(ErrorCodes.NotFound, "no such request");
        await bench.Inbox.Deliver(Snapshot("req-1"));
        await bench.UntilAsync(() => bench.Journal.Find("req-1") is { IsReported: true });
    }

    [Fact]
    public async Task An_answered_request_answers_the_same_after_a_restart()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        await bench.Inbox.Deliver(Snapshot("req-1"));
        var report = await bench.DrivenAsync(connection.NextReportAsync());
        await bench.UntilAsync(() => bench.Journal.Find("req-1") is { IsReported: true });

        await using var restarted = new LinkBench(bench.Disk.Restart(new SimulatedDiskPlan()));
        var fresh = await restarted.AcceptedAsync();
        Assert.True((await restarted.Inbox.Deliver(Snapshot("req-1"))).Accepted);
        Assert.Equal(report.Result, (await restarted.DrivenAsync(fresh.NextReportAsync())).Result);
        Assert.Equal(0, restarted.Volumes.Barriers);
    }

    [Fact]
    public async Task A_failed_request_reports_its_error()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        bench.Volumes.Gate = new TaskCompletionSource();
        bench.Volumes.Gate.SetException(new TidegateException(ErrorCodes.InvalidState, "The volume has failed."));
        await bench.Inbox.Deliver(Snapshot("req-1"));
        var report = await bench.DrivenAsync(connection.NextReportAsync());
        Assert.Equal((ErrorCodes.InvalidState, "The volume has failed.", null), (report.ErrorCode, report.Message, report.Result));
    }

    [Fact]
    public async Task A_repeated_request_that_failed_is_tried_again()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        bench.Volumes.Gate = new TaskCompletionSource();
        bench.Volumes.Gate.SetException(new TidegateException(ErrorCodes.InvalidState, "Not served yet."));
        await bench.Inbox.Deliver(Snapshot("req-1"));
        Assert.Equal(ErrorCodes.InvalidState, (await bench.DrivenAsync(connection.NextReportAsync())).ErrorCode);
        bench.Volumes.Gate = new TaskCompletionSource();
        bench.Volumes.Gate.SetResult();
        await bench.Inbox.Deliver(Snapshot("req-1"));
        Assert.IsType<SnapshotBarrier>((await bench.DrivenAsync(connection.NextReportAsync())).Result);
    }

    [Fact]
    public async Task A_full_disk_does_not_keep_requests_from_being_answered()
    {
        var plan = new SimulatedDiskPlan();
        await using var bench = new LinkBench(new SimulatedDisk(new Random(3), plan));
        var connection = await bench.AcceptedAsync();
        for (var call = 1; call < 40; call++) plan.Errors[call] = 28;
        Assert.True((await bench.Inbox.Deliver(Snapshot("req-1"))).Accepted);
        Assert.IsType<SnapshotBarrier>((await bench.DrivenAsync(connection.NextReportAsync())).Result);
    }

    [Fact]
    public async Task A_request_that_takes_too_long_ends_as_a_timeout()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        bench.Volumes.Gate = new TaskCompletionSource();
        await bench.Inbox.Deliver(Snapshot("req-1"));
        await bench.UntilAsync(() => bench.Volumes.Barriers == 1);
        bench.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(ErrorCodes.GatewayTimeout, (await bench.DrivenAsync(connection.NextReportAsync())).ErrorCode);
    }

    [Fact]
    public async Task Describe_answers_with_the_agent_itself()
    {
        await using var bench = new LinkBench();
        var connection = await bench.AcceptedAsync();
        await bench.Inbox.Deliver(new DescribeRequest { RequestId = "req-2", ValidFor = TimeSpan.FromSeconds(10) });
        var live = Assert.IsType<GatewayLiveDescription>((await bench.DrivenAsync(connection.NextReportAsync())).Result);
        Assert.Equal((bench.Board.Current.InstanceId, Environment.MachineName), (live.InstanceId, live.HostName));
    }

    [Fact]
    public async Task A_request_of_a_newer_service_is_refused_by_name()
    {
        await using var bench = new LinkBench();
        var reply = await bench.Inbox.Deliver(new NewerRequest { RequestId = "req-3", ValidFor = TimeSpan.FromSeconds(1) });
        Assert.False(reply.Accepted);
        Assert.Contains("NewerRequest", reply.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_id_for_another_operation_is_refused()
    {
        await using var bench = new LinkBench();
        await bench.Inbox.Deliver(Snapshot("req-1"));
        Assert.False((await bench.Inbox.Deliver(new DescribeRequest { RequestId = "req-1", ValidFor = TimeSpan.FromSeconds(1) })).Accepted);
    }

    [Fact]
    public async Task A_disk_that_fails_refuses_the_request()
    {
        var plan = new SimulatedDiskPlan();
        await using var bench = new LinkBench(new SimulatedDisk(new Random(3), plan));
        plan.Errors[2] = 5;
        var reply = await bench.Inbox.Deliver(Snapshot("req-1"));
        Assert.Equal((false, ErrorCodes.Unavailable), (reply.Accepted, reply.ErrorCode));
        Assert.Equal(0, bench.Volumes.Barriers);
    }

    [Fact]
    public async Task The_journal_is_bounded_and_forgets_the_oldest_answered_first()
    {
        await using var bench = new LinkBench();
        for (var n = 0; n < RequestJournal.Capacity; n++)
        {
            bench.Journal.Record($"req-{n}", "describe");
            if (n >= 10) continue;
            var outcome = new StoredOutcome("", "");
            bench.Journal.Finish($"req-{n}", outcome);
            bench.Journal.MarkReported($"req-{n}", outcome);
        }
        for (var n = 0; n < 10; n++) bench.Journal.Record($"more-{n}", "describe");
        Assert.Null(bench.Journal.Find("req-0"));
        Assert.NotNull(bench.Journal.Find("req-10"));
        Assert.Equal(ErrorCodes.LimitExceeded, Assert.Throws<TidegateException>(() => bench.Journal.Record("too-many", "describe")).Code);
        // Nobody waits for a day.
        bench.Time.Advance(RequestJournal.KeepAny + TimeSpan.FromSeconds(1));
        Assert.NotNull(bench.Journal.Record("next-day", "describe"));
        Assert.Null(bench.Journal.Find("req-10"));
    }

    [Fact]
    public async Task A_damaged_request_file_is_dropped_and_the_others_stay()
    {
        await using var bench = new LinkBench();
        bench.Journal.Record("req-1", "describe");
        bench.Journal.Record("req-2", "describe");
        var victim = bench.Disk.List()[0];
        bench.Disk.Delete(victim);
        using (var file = bench.Disk.Open(victim)) file.Write(0, "{\"requ"u8);
        var journal = new LinkBenchJournal(bench).Reopen();
        Assert.Single(bench.Disk.List());
        Assert.Single(new[] { journal.Find("req-1"), journal.Find("req-2") }, r => r is not null);
    }

    private static SnapshotRequest Snapshot(string requestId) =>
        new() { RequestId = requestId, ValidFor = TimeSpan.FromSeconds(5), VolumeId = "vol-1", SnapshotId = "snap-1" };

    private sealed record NewerRequest : GatewayRequest;

    private sealed class LinkBenchJournal(LinkBench bench)
    {
        public RequestJournal Reopen() => new(bench.Disk, bench.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger<RequestJournal>.Instance);

        public StoredRequest? Reread(string requestId) => Reopen().Find(requestId);
    }
}
