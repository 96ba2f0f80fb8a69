using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace Tidegate.Silo.Link;

/// <summary>
/// Moves one direction of a connection from pipe to pipe, frame by frame. What a client sends is held back until the whole frame was judged;
/// what it is sent flows through behind its header.
/// </summary>
internal sealed class FramePump(PipeReader source, PipeWriter sink, TimeProvider time)
{
    private const int LengthsBytes = 8;
    private const int PreambleLengthBytes = 4;
    private long _lastByteAt = time.GetTimestamp();
    private long _frameBeganAt;

    /// <summary>Time since the last byte came.</summary>
    public TimeSpan Idle => time.GetElapsedTime(Volatile.Read(ref _lastByteAt));

    /// <summary>Time since the frame under way began; zero between frames.</summary>
    public TimeSpan InFrame => Volatile.Read(ref _frameBeganAt) is var at and not 0 ? time.GetElapsedTime(at) : TimeSpan.Zero;

    /// <summary>Moves the preamble once <paramref name="judge"/> has accepted its content; false when the peer left before.</summary>
    public async Task<bool> PreambleAsync(Func<ReadOnlySequence<byte>, Task> judge)
    {
        if (await HoldAsync(PreambleLengthBytes) is not { } start) return false;
        var length = ReadInt32(start, 0);
        source.AdvanceTo(start.Start);
        if (length is <= 0 or > LinkLimits.PreambleBytes) throw new LinkBreachException($"a preamble of {length} bytes");
        if (await HoldAsync(PreambleLengthBytes + length) is not { } whole) return false;
        await judge(whole.Slice(PreambleLengthBytes, length));
        Copy(whole.Slice(0, PreambleLengthBytes + length));
        source.AdvanceTo(whole.GetPosition(PreambleLengthBytes + length));
        return !(await sink.FlushAsync()).IsCompleted;
    }

    /// <summary>
    /// Moves frames until either side ends; <paramref name="judge"/> sees each header and body before any of it goes on, and with a
    /// <paramref name="pace"/> no frame is begun before its time.
    /// </summary>
    public async Task HeldFramesAsync(Action<ReadOnlySequence<byte>, ReadOnlySequence<byte>> judge, FramePace? pace = null)
    {
        while (await LengthsAsync() is var (header, body))
        {
            if (pace is not null) await pace.NextAsync();
            var whole = LengthsBytes + header + body;
            if (await HoldAsync(whole) is not { } held) return;
            judge(held.Slice(LengthsBytes, header), held.Slice(LengthsBytes + header, body));
            Copy(held.Slice(0, whole));
            source.AdvanceTo(held.GetPosition(whole));
            if ((await sink.FlushAsync()).IsCompleted) return;
            Volatile.Write(ref _frameBeganAt, 0);
        }
    }

    /// <summary>Moves frames until either side ends; <paramref name="judge"/> sees each header before it goes on.</summary>
    public async Task FramesAsync(Action<ReadOnlySequence<byte>> judge)
    {
        while (await LengthsAsync() is var (header, body))
        {
            if (await HoldAsync(LengthsBytes + header) is not { } held) return;
            judge(held.Slice(LengthsBytes, header));
            Copy(held.Slice(0, LengthsBytes + header));
            source.AdvanceTo(held.GetPosition(LengthsBytes + header));
            if (!await BodyAsync(body)) return;
            Volatile.Write(ref _frameBeganAt, 0);
        }
    }

    /// <summary>The lengths of the next frame, which stay in the source; null when it ended.</summary>
    private async ValueTask<(int Header, int Body)?> LengthsAsync()
    {
        if (await HoldAsync(LengthsBytes) is not { } start) return null;
        Volatile.Write(ref _frameBeganAt, time.GetTimestamp());
        var (header, body) = (ReadInt32(start, 0), ReadInt32(start, 4));
        source.AdvanceTo(start.Start);
        if (header is <= 0 or > LinkLimits.HeaderBytes) throw new LinkBreachException($"a header of {header} bytes");
        if (body is < 0 or > LinkLimits.BodyBytes) throw new LinkBreachException($"a body of {body} bytes");
        return (header, body);
    }

    private async Task<bool> BodyAsync(int bytes)
    {
        while (bytes > 0)
        {
            if (await HoldAsync(1) is not { } piece) return false;
            var taken = (int)Math.Min(bytes, piece.Length);
            Copy(piece.Slice(0, taken));
            source.AdvanceTo(piece.GetPosition(taken));
            bytes -= taken;
            // What is already here of the next frame is flushed with it; a body is passed on as it comes.
            if (bytes > 0 && (await sink.FlushAsync()).IsCompleted) return false;
        }
        return !(await sink.FlushAsync()).IsCompleted;
    }

    /// <summary>Waits until that many bytes are here; null when the source ended before.</summary>
    private async ValueTask<ReadOnlySequence<byte>?> HoldAsync(int bytes)
    {
        var result = await source.ReadAtLeastAsync(bytes);
        if (result.IsCanceled || result.Buffer.Length < bytes)
        {
            source.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            return null;
        }
        Volatile.Write(ref _lastByteAt, time.GetTimestamp());
        return result.Buffer;
    }

    private void Copy(ReadOnlySequence<byte> bytes)
    {
        foreach (var piece in bytes) sink.Write(piece.Span);
    }

    private static int ReadInt32(ReadOnlySequence<byte> bytes, int offset)
    {
        Span<byte> value = stackalloc byte[4];
        bytes.Slice(offset, 4).CopyTo(value);
        return BinaryPrimitives.ReadInt32LittleEndian(value);
    }
}
