using CsCheck;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Unit.BlockStore.Segments;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Heads;

/// <summary>
/// Processes that hold copies of one log, as after a virtual machine was rolled back or cloned, in any order of attaching, sealing,
/// committing, losing replies and losing saves.
/// </summary>
public sealed class HeadHistoryTests
{
    private const int Processes = 3;

    [Fact]
    public void I3_I7_I8_what_is_committed_is_always_a_prefix_of_one_log_and_never_changes()
    {
        var step = Gen.Select(Gen.Int[0, 9], Gen.Int[0, Processes - 1], Gen.Int[0, 5], Gen.Bool);
        step.Array[10, 150].SampleFixed(steps => Run(steps), iter: 2000);
    }

    private static void Run((int Kind, int Process, int Count, bool IsLost)[] steps)
    {
        var world = new World();
        foreach (var (kind, process, count, isLost) in steps)
        {
            switch (kind)
            {
                case 0: world.Attach(process, isLost); break;
                case 1 when count == 0: world.Copy(process, (process + 1) % Processes); break;
                case < 5: world.Seal(process); break;
                default: world.Commit(process, count, isLost); break;
            }
        }
    }

    /// <summary>One log: what was sealed, how far it believes to be committed, under which epoch.</summary>
    private sealed class Log
    {
        public List<(SegmentDigest Digest, long End, long Epoch)> Seals { get; init; } = [];
        public int Committed { get; set; }
        public long Epoch { get; set; }

        public SegmentDigest DigestAt(int sequence) => sequence == 0 ? SegmentDigest.None : Seals[sequence - 1].Digest;

        public long EndAt(int sequence) => sequence == 0 ? 0 : Seals[sequence - 1].End;
    }

    private sealed class World
    {
        private readonly LineageSealer _sealer = new(SegmentFixture.Owner, 1, SegmentFixture.Key, new SeededNonces());
        private readonly SeededNonces _nonces = new(1000);
        private readonly Log[] _logs = [.. Enumerable.Range(0, Processes).Select(_ => new Log())];
        private readonly List<SegmentDigest> _history = [];
        private VolumeHead _head = HeadMachine.Create(SegmentFixture.Owner, 1, 1 << 20);
        private int _content;

        public void Attach(int process, bool isReplyLost)
        {
            var log = _logs[process];
            var seals = log.Seals.Select(
                (seal, i) => new SealClaim(i + 1, log.EndAt(i), seal.End, seal.Digest)).Skip(log.Committed).ToArray();
            var claim = new AttachClaim(
                log.Seals.Count == 0
                    ? 0
                    : log.Seals[^1].Epoch, log.Committed, log.DigestAt(log.Committed), log.EndAt(log.Committed), 1 << 20, seals);
            var change = HeadMachine.Attach(_head, claim);
            var isContinuation = Continues(log);
            if (change.Refusal is not null)
            {
                Assert.Equal(HeadRefusalReason.Diverged, change.Refusal.Reason);
                Assert.False(isContinuation, "a log that continues the head was refused");
                return;
            }
            Assert.True(isContinuation, "a log that does not continue the head was let in");
            Assert.Equal(_head.Epoch + 1, change.Head.Epoch);
            Save(change.Head);
            if (isReplyLost) return;
            log.Epoch = change.Head.Epoch;
            log.Committed = (int)change.Head.CommittedSequence;
        }

        public void Copy(int from, int to) =>
            _logs[to] = new Log { Seals = [.. _logs[from].Seals], Committed = _logs[from].Committed, Epoch = _logs[from].Epoch };

        public void Seal(int process)
        {
            var log = _logs[process];
            if (log.Epoch == 0 || log.Seals.Count - log.Committed > 20) return;
            using var digest = new LogDigest(SegmentFixture.Key);
            digest.AppendRange(LogRecordKind.Zero, 4096L * _content++, 4096);
            var start = log.EndAt(log.Seals.Count);
            log.Seals.Add((digest.Compute(log.DigestAt(log.Seals.Count), log.Seals.Count + 1, start, start + 100), start + 100, log.Epoch));
        }

        public void Commit(int process, int count, bool isReplyLost)
        {
            var log = _logs[process];
            // From a little before what it knows to be committed: repeats are part of life.
            var first = Math.Max(1, log.Committed - 2 + count);
            var claims = Enumerable.Range(first, Math.Max(0, Math.Min(count + 1, log.Seals.Count - first + 1))).Select(sequence => ClaimOf(log, sequence)).ToArray();
            if (claims.Length == 0) return;
            var change = HeadMachine.Commit(_head, log.Epoch, claims, SegmentFixture.Start, _sealer);
            if (change.Refusal is not null)
            {
                var isOfAge = change.Refusal.Reason == HeadRefusalReason.TailFull || claims[^1].Sequence < _head.CommittedSequence;
                Assert.True(
                    log.Epoch != _head.Epoch || !Continues(log) || first > _head.CommittedSequence + 1 || isOfAge, change.Refusal.Message);
                return;
            }
            // A repeat, too, tells its sender how far its log is committed: only the right history may hear that.
            Assert.True(Continues(log), "a fork was told that its log is committed");
            Assert.Equal(_head.Epoch, log.Epoch);
            for (var i = _history.Count; i < change.Head.CommittedSequence; i++) _history.Add(log.Seals[i].Digest);
            Save(change.Head);
            if (!isReplyLost) log.Committed = (int)change.Head.CommittedSequence;
        }

        private bool Continues(Log log) =>
            log.Seals.Count >= _history.Count && _history.SequenceEqual(log.Seals.Take(_history.Count).Select(seal => seal.Digest));

        private SegmentClaim ClaimOf(Log log, int sequence) => new(
            SegmentIdentity.NewData(SegmentFixture.Owner, 1, log.Epoch, sequence, _nonces).BlobKey,
            sequence, log.EndAt(sequence - 1), log.EndAt(sequence), log.DigestAt(sequence - 1), log.DigestAt(sequence), 1000, 0, SegmentFixture.Start, []);

        private void Save(VolumeHead head)
        {
            _head = VolumeHead.Decode(head.Encode());
            Assert.Equal(_history.Count, _head.CommittedSequence);
            Assert.Equal(_history.Count == 0 ? SegmentDigest.None : _history[^1], _head.TipDigest);
        }
    }
}
