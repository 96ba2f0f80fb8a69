using System.Buffers;

namespace Tidegate.BlockStore.Blobs;

/// <summary>
/// Pooled memory that starts at a page and stays there until disposed: what <see cref="DirectoryBlobStore"/> stores without
/// copying it. Use it for blobs that are received whole.
/// </summary>
public sealed unsafe class AlignedBuffer : IDisposable
{
    internal const int Alignment = 4096;

    private readonly MemoryHandle _pin;
    private byte[]? _array;

    /// <summary>Takes <paramref name="length"/> bytes, 0 or more, whose content is whatever was there.</summary>
    public AlignedBuffer(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _array = ArrayPool<byte>.Shared.Rent(length + Alignment);
        _pin = _array.AsMemory().Pin();
        Memory = _array.AsMemory((int)(-(nint)_pin.Pointer & (Alignment - 1)), length);
    }

    /// <summary>The bytes, until <see cref="Dispose"/>.</summary>
    public Memory<byte> Memory { get; }

    internal static bool IsAligned(byte* start) => ((nint)start & (Alignment - 1)) == 0;

    /// <summary>Gives the memory back; nothing may use it any more.</summary>
    public void Dispose()
    {
        if (_array is null) return;
        _pin.Dispose();
        ArrayPool<byte>.Shared.Return(_array);
        _array = null;
    }
}
