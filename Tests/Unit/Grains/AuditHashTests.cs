using CsCheck;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Outbox;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class AuditHashTests
{
    private static readonly DateTimeOffset At = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero).AddTicks(1234567);

    private static OutboxState AppendOne(OutboxState state, string kind = "volume.created", long publishedThrough = 0) => OutboxMachine.Append(
        state, [new DomainEvent(kind, new { name = "data" })], new { type = "volume" }, new OutboxOrigin("vol-1", "123456789012", "key-1", At), publishedThrough);

    [Fact]
    public void The_golden_vector_of_the_format_document()
    {
        var entry = AppendOne(new OutboxState()).Pending[0];
        Assert.Equal("""{"change":{"name":"data"},"row":{"type":"volume"}}""", entry.Json);
        Assert.Equal(GoldenHash, Convert.ToHexStringLower(entry.Hash));
    }

    [Fact]
    public void I14_Numbers_are_contiguous_and_every_entry_follows_the_one_before() =>
        Gen.Int[1, OutboxMachine.MaxPending].SampleFixed(
            count =>
            {
                var state = new OutboxState();
                for (var i = 0; i < count; i++) state = AppendOne(state);
                OutboxEntry? previous = null;
                foreach (var entry in state.Pending)
                {
                    Assert.True(AuditHash.Follows(previous, entry));
                    Assert.False(AuditHash.Follows(previous, entry with { ActorId = "somebody-else" }));
                    previous = entry;
                }

                Assert.Equal(count, state.LastNumber);
            },
            iter: 50);

    [Fact]
    public void Published_entries_make_room_and_a_full_outbox_refuses_changes()
    {
        var state = new OutboxState();
        for (var i = 0; i < OutboxMachine.MaxPending; i++) state = AppendOne(state);
        var refused = Assert.Throws<TidegateException>(() => AppendOne(state));
        Assert.Equal(ErrorCodes.Unavailable, refused.Code);
        var next = AppendOne(state, publishedThrough: 10);
        Assert.Equal([11, 12, 13], next.Pending.Select(entry => entry.Number));
    }

    [Fact]
    public void Times_are_cut_to_microseconds_so_that_databases_keep_them() =>
        Assert.Equal(0, AppendOne(new OutboxState()).Pending[0].At.UtcTicks % TimeSpan.TicksPerMicrosecond);

    private const string GoldenHash = "21b6a9fb529418d4e7f98451e14253fa5cbf0f70d0dae6c7ae409d51c48a5461";
}
