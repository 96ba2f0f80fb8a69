using System.Security.Cryptography;
using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Keys;

/// <summary>The file that holds an account's key (<c>docs/formats/overview.md</c>, Keys).</summary>
internal static class AccountKeyFile
{
    public const string Prefix = "tidegate-account-key-1:";

    public const string Extension = ".key";

    /// <summary>The key, or null when there is no such file.</summary>
    public static AccountKey? Read(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path).TrimEnd('\n');
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        var secret = new byte[AccountKey.LengthBytes];
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)
            || !Convert.TryFromBase64String(text[Prefix.Length..], secret, out var length)
            || length != AccountKey.LengthBytes)
            throw new CorruptDataException(
                $"Key file {path}", $"it is not one line '{Prefix}' and the base64 of {AccountKey.LengthBytes} bytes");
        var key = new AccountKey(secret);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }
}
