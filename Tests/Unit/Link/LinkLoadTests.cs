using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Time.Testing;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>What one client can take of a silo's time is bounded, and takes nothing from others.</summary>
public sealed class LinkLoadTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Connections_that_say_nothing_give_way_and_young_ones_do_not()
    {
        var handshakes = new Handshakes(_time);
        var oldest = new DefaultConnectionContext("oldest");
        Assert.NotNull(handshakes.TryBegin(oldest));
        for (var number = 1; number < LinkLimits.Handshakes; number++) Assert.NotNull(handshakes.TryBegin(new DefaultConnectionContext()));
        Assert.Null(handshakes.TryBegin(new DefaultConnectionContext()));
        _time.Advance(Handshakes.Patience);
        var next = handshakes.TryBegin(new DefaultConnectionContext());
        Assert.NotNull(next);
        Assert.Equal(LinkLimits.Handshakes, handshakes.Count);
        handshakes.End(next);
        handshakes.End(next);
        Assert.Equal(LinkLimits.Handshakes - 1, handshakes.Count);
    }

    [Fact]
    public void A_certificates_calls_are_limited_and_anothers_are_not()
    {
        using var limits = new CallLimits();
        var refused = Assert.Throws<TidegateException>(() =>
        {
            for (var call = 0; call < 100 * LinkLimits.CallBurst; call++) limits.Take("A");
        });
        Assert.Equal(ErrorCodes.RateLimited, refused.Code);
        Assert.True(refused.IsTransient);
        for (var call = 0; call < LinkLimits.CallBurst; call++) limits.Take("B");
    }

    [Fact]
    public async Task Frames_beyond_the_burst_wait_their_turn()
    {
        var pace = new FramePace(_time);
        for (var frame = 0; frame < LinkLimits.FrameBurst; frame++) Assert.True(pace.NextAsync().IsCompletedSuccessfully);
        var next = pace.NextAsync();
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1.0 / LinkLimits.FramesPerSecond));
        await next;
        _time.Advance(TimeSpan.FromSeconds(1));
        for (var frame = 0; frame < LinkLimits.FramesPerSecond; frame++) Assert.True(pace.NextAsync().IsCompletedSuccessfully);
        Assert.False(pace.NextAsync().IsCompleted);
    }
}
