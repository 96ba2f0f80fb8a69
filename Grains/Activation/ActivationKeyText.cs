using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Grains.Activation;

/// <summary>
/// The activation key (M4.1, <c>docs/protocols/activation.md</c>): 128 random bits as 26 Crockford base32 digits, most
/// significant first, shown in groups of 5, 5, 5, 5 and 6. The service keeps only its hash, which is the session's id.
/// </summary>
public static class ActivationKeyText
{
    private const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Length = 26;
    private const int KeyBytes = 16;

    /// <summary>A fresh key, grouped.</summary>
    public static string New() => Format(RandomNumberGenerator.GetBytes(KeyBytes));

    /// <summary>The grouped text of 16 bytes.</summary>
    public static string Format(ReadOnlySpan<byte> bits)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bits.Length, KeyBytes);
        var number = new BigInteger(bits, isUnsigned: true, isBigEndian: true);
        Span<char> text = stackalloc char[Length];
        for (var i = Length - 1; i >= 0; i--)
        {
            text[i] = Digits[(int)(number & 31)];
            number >>= 5;
        }

        return $"{text[..5]}-{text[5..10]}-{text[10..15]}-{text[15..20]}-{text[20..]}";
    }

    /// <summary>
    /// The ungrouped upper-case key that a person meant: case, spaces and hyphens do not matter; O is read as 0, I and L as 1.
    /// Null when the text cannot be a key.
    /// </summary>
    public static string? Normalise(string? typed)
    {
        if (typed is null || typed.Length > 4 * Length) return null;
        var key = new StringBuilder(Length);
        foreach (var typedDigit in typed)
        {
            if (typedDigit is '-' or ' ') continue;
            var digit = char.ToUpperInvariant(typedDigit) switch { 'O' => '0', 'I' or 'L' => '1', var other => other };
            if (!Digits.Contains(digit) || key.Length == Length) return null;
            key.Append(digit);
        }

        // 26 digits hold 130 bits; the first two are always zero.
        return key.Length == Length && key[0] < '8' ? key.ToString() : null;
    }

    /// <summary>The session id that a normalised key stands for: lower-case hexadecimal SHA-256.</summary>
    public static string SessionIdOf(string normalisedKey) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(normalisedKey)));

    /// <summary>The session id that typed text stands for, or null when it cannot be a key.</summary>
    public static string? SessionIdOfTyped(string? typed) => Normalise(typed) is { } key ? SessionIdOf(key) : null;
}
