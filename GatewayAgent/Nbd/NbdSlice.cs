namespace Tidegate.GatewayAgent.Nbd;

/// <summary>A range of a buffer that counts as one of its users until it is released or handed on.</summary>
internal readonly record struct NbdSlice(NbdBuffer Buffer, int Start, int Length)
{
    public Memory<byte> Memory => Buffer.Array.AsMemory(Start, Length);

    public Span<byte> Span => Buffer.Array.AsSpan(Start, Length);

    public void Release() => Buffer.Release();
}
