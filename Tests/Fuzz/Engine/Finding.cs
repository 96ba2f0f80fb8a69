namespace Tidegate.Tests.Fuzz.Engine;

/// <summary>An input for which a decoder broke its promise.</summary>
internal sealed record Finding(string Target, byte[] Input, string Problem)
{
    public override string ToString() => $"{Target}: {Problem}\ninput ({Input.Length} bytes): {Convert.ToHexStringLower(Input.AsSpan(0, Math.Min(Input.Length, 2048)))}";
}
