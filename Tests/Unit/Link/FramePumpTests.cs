using System.Buffers.Binary;
using System.IO.Pipelines;
using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

/// <summary>Frames pass unchanged in whatever pieces they come; a frame whose header was refused never passes.</summary>
public sealed class FramePumpTests
{
    private readonly Pipe _in = new();
    private readonly Pipe _out = new(new PipeOptions(pauseWriterThreshold: 64 << 20, resumeWriterThreshold: 1));

    private FramePump Pump() => new(_in.Reader, _out.Writer, TimeProvider.System);

    [Theory, InlineData(1, false), InlineData(7, true), InlineData(4096, false), InlineData(4096, true), InlineData(1 << 20, true)]
    public async Task Frames_arrive_as_they_were_sent_in_pieces_of_any_size(int piece, bool isHeld)
    {
        var random = new Random(42);
        byte[] sent = [.. Preamble(40, random), .. Frame(100, 0, random), .. Frame(1, 300_000, random), .. Frame(60_000, 5, random), .. Frame(12, 12, random)];
        var headers = new List<int>();
        var pump = Pump();
        var running = Task.Run(async () =>
        {
            Assert.True(await pump.PreambleAsync(p =>
            {
                Assert.Equal(40, p.Length);
                return Task.CompletedTask;
            }));
            if (isHeld) await pump.HeldFramesAsync((h, b) => headers.AddRange([(int)h.Length, (int)b.Length]));
            else await pump.FramesAsync(h => headers.Add((int)h.Length));
            await _out.Writer.CompleteAsync();
        }, TestContext.Current.CancellationToken);
        for (var at = 0; at < sent.Length; at += piece) await _in.Writer.WriteAsync(sent.AsMemory(at, Math.Min(piece, sent.Length - at)));
        await _in.Writer.CompleteAsync();
        await running;
        Assert.Equal(isHeld ? [100, 0, 1, 300_000, 60_000, 5, 12, 12] : [100, 1, 60_000, 12], headers);
        Assert.Equal(sent, await ReceivedAsync());
    }

    [Theory]
    [InlineData(0, 0), InlineData(-1, 0), InlineData(LinkLimits.HeaderBytes + 1, 0), InlineData(10, -1), InlineData(10, LinkLimits.BodyBytes + 1), InlineData(int.MaxValue, int.MaxValue)]
    public async Task Lengths_out_of_bounds_are_a_breach_before_anything_is_held(int header, int body)
    {
        var frame = new byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(frame, header);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(4), body);
        await _in.Writer.WriteAsync(frame);
        await Assert.ThrowsAsync<LinkBreachException>(() => Pump().FramesAsync(_ => { }));
        await Assert.ThrowsAsync<LinkBreachException>(() => Pump().HeldFramesAsync((_, _) => { }));
        await _out.Writer.CompleteAsync();
        Assert.Empty(await ReceivedAsync());
    }

    [Theory, InlineData(0), InlineData(-5), InlineData(LinkLimits.PreambleBytes + 1)]
    public async Task Preambles_out_of_bounds_are_a_breach(int length)
    {
        var preamble = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(preamble, length);
        await _in.Writer.WriteAsync(preamble);
        await Assert.ThrowsAsync<LinkBreachException>(() => Pump().PreambleAsync(_ => Task.CompletedTask));
    }

    [Fact]
    public async Task A_refused_frame_and_all_after_it_stay_outside()
    {
        var random = new Random(1);
        var good = Frame(10, 10, random);
        await _in.Writer.WriteAsync((byte[])[.. good, .. Frame(11, 10, random), .. Frame(10, 10, random)]);
        await Assert.ThrowsAsync<LinkBreachException>(() => Pump().FramesAsync(h =>
        {
            if (h.Length == 11) throw new LinkBreachException("eleven");
        }));
        await _out.Writer.CompleteAsync();
        Assert.Equal(good, await ReceivedAsync());
    }

    [Fact]
    public async Task Of_a_held_frame_nothing_passes_before_its_body_was_judged()
    {
        var random = new Random(1);
        var good = Frame(10, 10, random);
        await _in.Writer.WriteAsync((byte[])[.. good, .. Frame(10, 11, random), .. Frame(10, 10, random)]);
        await Assert.ThrowsAsync<LinkBreachException>(() => Pump().HeldFramesAsync((_, body) =>
        {
            if (body.Length == 11) throw new LinkBreachException("eleven");
        }));
        await _out.Writer.CompleteAsync();
        Assert.Equal(good, await ReceivedAsync());
    }

    [Fact]
    public async Task A_peer_that_leaves_in_the_middle_ends_the_pump()
    {
        await _in.Writer.WriteAsync(Frame(10, 1000, new Random(1)).AsMemory(0, 500));
        await _in.Writer.CompleteAsync();
        await Pump().HeldFramesAsync((_, _) => { });
    }

    private async Task<byte[]> ReceivedAsync()
    {
        using var received = new MemoryStream();
        await _out.Reader.CopyToAsync(received);
        return received.ToArray();
    }

    private static byte[] Preamble(int length, Random random)
    {
        var bytes = new byte[4 + length];
        random.NextBytes(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes, length);
        return bytes;
    }

    private static byte[] Frame(int header, int body, Random random)
    {
        var bytes = new byte[8 + header + body];
        random.NextBytes(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes, header);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), body);
        return bytes;
    }
}
