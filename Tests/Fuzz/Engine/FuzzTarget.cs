namespace Tidegate.Tests.Fuzz.Engine;

/// <summary>
/// A decoder that must take any bytes: it returns, or throws one of its documented refusals, and sets aside no more memory than a bound in
/// proportion to the input.
/// </summary>
/// <param name="Name">What <c>./dev fuzz</c> calls it, and the folder of its corpus.</param>
/// <param name="Seeds">Inputs that decode, made anew each time.</param>
/// <param name="Decode">The decoder; what it returns is not looked at.</param>
/// <param name="Refusals">Its documented exceptions.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Seeds, Action<byte[]> Decode, params Type[] Refusals)
{
    /// <summary>Longest input made.</summary>
    public int MaxBytes { get; init; } = 16 << 10;

    /// <summary>Memory that a decoder may always take.</summary>
    public long FixedBytes { get; init; } = 128 << 10;

    /// <summary>Memory that it may take besides for each byte of input.</summary>
    public int BytesPerByte { get; init; } = 128;

    /// <summary>Makes a mutated input one that gets past checksums, in place.</summary>
    public Action<byte[]>? Repair { get; init; }

    /// <summary>Words of the format, to be put anywhere.</summary>
    public IReadOnlyList<byte[]> Words { get; init; } = [];
}
