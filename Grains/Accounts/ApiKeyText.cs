using System.Buffers.Text;

namespace Tidegate.Grains.Accounts;

/// <summary>An API key as people carry it: <c>tgk_</c>, 20 hexadecimal digits of the key's id, <c>_</c>, 43 base64url characters of secret.</summary>
public static class ApiKeyText
{
    /// <summary>Random bytes in a secret.</summary>
    public const int SecretBytes = 32;

    private const string Prefix = "tgk_";
    private const string IdPrefix = "key-";
    private const int IdDigits = 20;
    private const int SecretLength = 43;

    /// <summary>The text for a key id and its secret.</summary>
    public static string Format(string keyId, string secret)
    {
        ArgumentNullException.ThrowIfNull(keyId);
        return $"{Prefix}{keyId[IdPrefix.Length..]}_{secret}";
    }

    /// <summary>Takes the text apart; false when it cannot be an API key.</summary>
    public static bool TryParse(string? text, out string keyId, out string secret)
    {
        (keyId, secret) = ("", "");
        if (text is null || text.Length != Prefix.Length + IdDigits + 1 + SecretLength) return false;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text[Prefix.Length + IdDigits] != '_') return false;
        var id = text.AsSpan(Prefix.Length, IdDigits);
        var tail = text.AsSpan(text.Length - SecretLength);
        if (id.IndexOfAnyExcept("0123456789abcdef") >= 0 || !Base64Url.IsValid(tail)) return false;
        (keyId, secret) = (string.Concat(IdPrefix, id), tail.ToString());
        return true;
    }
}
