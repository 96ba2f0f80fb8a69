using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Grains.Interfaces.Ids;

/// <summary>Makes and checks opaque ids. An id says what kind it names and nothing else: 80 random bits.</summary>
public static class ResourceId
{
    private const int RandomBytes = 10;

    /// <summary>A fresh id of the kind, from the operating system's generator.</summary>
    public static string New(ResourceKind kind) => kind == ResourceKind.Account
        ? RandomNumberGenerator.GetInt32(100_000, 1_000_000).ToString(CultureInfo.InvariantCulture)
          + RandomNumberGenerator.GetInt32(0, 1_000_000).ToString("D6", CultureInfo.InvariantCulture)
        : Prefix(kind) + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>
    /// The id of what a request makes, as a function of who asks and what: a repeated request names the same thing, and nothing has to be
    /// remembered (M1.9). Ids of this kind look like any others.
    /// </summary>
    public static string Derive(ResourceKind kind, string text)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"tidegate-id-1\n{kind}\n{text}"));
        return kind == ResourceKind.Account
            ? ((new BigInteger(hash, isUnsigned: true) % 900_000_000_000) + 100_000_000_000).ToString(CultureInfo.InvariantCulture)
            : Prefix(kind) + Convert.ToHexStringLower(hash.AsSpan(0, RandomBytes));
    }

    /// <summary>True when <paramref name="value"/> is well-formed for the kind; says nothing about existence.</summary>
    public static bool IsValid(ResourceKind kind, string? value)
    {
        if (value is null) return false;
        if (kind == ResourceKind.Account) return value.Length == 12 && value.All(char.IsAsciiDigit);
        var prefix = Prefix(kind);
        return value.Length == prefix.Length + (2 * RandomBytes)
            && value.StartsWith(prefix, StringComparison.Ordinal)
            && value.AsSpan(prefix.Length).IndexOfAnyExcept("0123456789abcdef") < 0;
    }

    private static string Prefix(ResourceKind kind) => kind switch
    {
        ResourceKind.Gateway => "gw-",
        ResourceKind.Volume => "vol-",
        ResourceKind.Snapshot => "snap-",
        ResourceKind.ApiKey => "key-",
        ResourceKind.Request => "req-",
        ResourceKind.Offer => "off-",
        ResourceKind.SnapshotGroup => "grp-",
        ResourceKind.User => "usr-",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
