using Tidegate.BlockStore;
using Tidegate.BlockStore.Keys;
using Tidegate.GatewayAgent.Shadow;
using Tidegate.GatewayAgent.WriteLog;
using Tidegate.Tests.Unit.WriteLog;
using Xunit;

namespace Tidegate.Tests.Unit.Shadow;

/// <summary>When a segment is cut by age, over a real log whose time the test drives.</summary>
public sealed class SealAgeTests : IDisposable
{
    private static readonly TimeSpan Objective = TimeSpan.FromSeconds(60);
    private readonly LogFixture _log = new(LogFixture.Default with { CapacityBytes = 8 << 20, MaxUnappliedBytes = 8 << 20 });
    private readonly SealDeadline _deadline = new(Objective);
    private readonly SegmentCutter _cutter;
    private int _writes;

    public SealAgeTests()
    {
        var session = new EpochSession(1, new LineageId("123456789012", "vol-0123456789"), 1, new DataKey(new byte[32]), new DataKey(new byte[32]));
        _cutter = new SegmentCutter("vol-0123456789", _log.LogUnderTest, session, new ShadowOptions(), _deadline, _log.Time, new CommittedPoint(0, 0, new byte[32], 0));
    }

    [Fact]
    public void A_volume_that_is_written_to_all_the_time_is_cut_as_late_as_its_objective_allows()
    {
        var began = _log.Time.GetUtcNow();
        for (var cuts = 0; cuts < 3; cuts++)
        {
            var since = _log.Time.GetUtcNow();
            CutRange? cut;
            do
            {
                Write();
                cut = _cutter.TryCut(hurry: false);
                _log.Time.Advance(TimeSpan.FromMilliseconds(500));
            }
            while (cut is null);
            Assert.InRange((_log.Time.GetUtcNow() - since).TotalSeconds, 44, 46);
            Assert.True(cut.HostTimeEnd - cut.HostTimeStart < Objective);
            Committed(cut);
        }
        Assert.Equal(3, (int)((_log.Time.GetUtcNow() - began) / TimeSpan.FromSeconds(45)));
    }

    [Fact]
    public void A_volume_that_hosts_leave_alone_is_cut_after_a_second()
    {
        Write();
        Assert.Null(_cutter.TryCut(hurry: false));
        Assert.Equal(TimeSpan.FromSeconds(1), _cutter.DueIn());
        _log.Time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Null(_cutter.TryCut(hurry: false));
        _log.Time.Advance(TimeSpan.FromMilliseconds(1));
        Committed(Assert.IsType<CutRange>(_cutter.TryCut(hurry: false)));
        Assert.Null(_cutter.DueIn());
    }

    [Fact]
    public void What_has_waited_in_the_log_is_as_old_as_it_is_and_a_shorter_objective_counts_at_once()
    {
        Write();
        _log.Time.Advance(TimeSpan.FromSeconds(44.5));
        Assert.Null(_cutter.TryCut(hurry: false));
        Assert.Equal(TimeSpan.FromSeconds(0.5), _cutter.DueIn());
        _deadline.Objective = TimeSpan.FromSeconds(30);
        Assert.Equal(TimeSpan.Zero, _cutter.DueIn());
        Committed(Assert.IsType<CutRange>(_cutter.TryCut(hurry: false)));
    }

    [Fact]
    public void A_slow_way_to_the_service_has_segments_cut_earlier()
    {
        _deadline.Took(TimeSpan.FromSeconds(25));
        var since = _log.Time.GetUtcNow();
        CutRange? cut;
        do
        {
            Write();
            cut = _cutter.TryCut(hurry: false);
            _log.Time.Advance(TimeSpan.FromMilliseconds(500));
        }
        while (cut is null);
        // Committed 25 s later it is 35 s old, and twice as slow it would still be in time.
        Assert.InRange((_log.Time.GetUtcNow() - since).TotalSeconds, 9, 11);
        Committed(cut);
    }

    /// <summary>Every commit arrives so long after its cut; at no time is the oldest write that is not committed older than the objective.</summary>
    [Theory]
    [InlineData(0.1, 45)]
    [InlineData(5, 45)]
    [InlineData(14, 32)]
    public void With_an_uplink_that_works_no_recovery_point_grows_older_than_its_objective(double commitSeconds, double usualAge)
    {
        var began = _log.Time.GetUtcNow();
        var onTheWay = new Queue<(CutRange Cut, DateTimeOffset At)>();
        var written = new Queue<(long Position, DateTimeOffset At)>();
        var (committed, cuts, worst) = (0L, 0, TimeSpan.Zero);
        while (_log.Time.GetUtcNow() - began < TimeSpan.FromSeconds(400))
        {
            written.Enqueue((_log.LogUnderTest.End, _log.Time.GetUtcNow()));
            Write();
            if (_cutter.TryCut(hurry: false) is { } cut)
            {
                onTheWay.Enqueue((cut, _log.Time.GetUtcNow()));
                cuts++;
            }
            if (onTheWay.TryPeek(out var first) && _log.Time.GetUtcNow() - first.At >= TimeSpan.FromSeconds(commitSeconds))
            {
                Committed(onTheWay.Dequeue().Cut);
                committed = first.Cut.Decision.End;
                _deadline.Took(_log.Time.GetUtcNow() - first.At);
            }
            while (written.TryPeek(out var oldest) && oldest.Position < committed) written.Dequeue();
            if (written.TryPeek(out var waiting) && _log.Time.GetUtcNow() - waiting.At is var age && age > worst) worst = age;
            _log.Time.Advance(TimeSpan.FromMilliseconds(500));
        }
        Assert.InRange(worst.TotalSeconds, usualAge, 60);
        // And no segment is smaller than it has to be.
        Assert.InRange(cuts, 1, 400 / usualAge + 1);
        while (onTheWay.TryDequeue(out var left)) left.Cut.Builder.Dispose();
    }

    public void Dispose() => _cutter.Dispose();

    private void Write()
    {
        _log.Write(_writes++ % 8);
        _log.Sync();
    }

    private void Committed(CutRange cut)
    {
        cut.Builder.Dispose();
        _log.LogUnderTest.MarkCommitted(new CommittedPoint(cut.Decision.Sequence, cut.Decision.End, cut.Decision.Digest, 1));
    }
}
