using System.Globalization;

namespace Tidegate.BlockStore.Segments;

/// <summary>
/// 128 random bits that make every encryption of the same thing a different object: drawn afresh whenever bytes are encrypted
/// again.
/// </summary>
public readonly record struct BlobNonce(UInt128 Value)
{
    /// <summary>32 hexadecimal digits, as in a blob key.</summary>
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);

    /// <summary>Reads exactly 32 lower-case hexadecimal digits.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out BlobNonce nonce)
    {
        nonce = default;
        if (text.Length != 32 || text.IndexOfAnyExcept("0123456789abcdef") >= 0) return false;
        nonce = new BlobNonce(UInt128.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        return true;
    }
}
