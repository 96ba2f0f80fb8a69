using System.Security.Cryptography;
using System.Text;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Keys;

/// <summary>
/// The file that holds an account's keys (<c>docs/formats/overview.md</c>, Keys): the current one first, then those that a rotation has
/// not retired yet.
/// </summary>
internal sealed class AccountKeyFile : IDisposable
{
    public const string Extension = ".key";

    /// <summary>Most keys of an account: the current one and one that is being retired.</summary>
    public const int MaxKeys = 2;

    private const string Prefix = "tidegate-account-key-1:";
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly AccountKey[] _keys;

    private AccountKeyFile(AccountKey[] keys) => _keys = keys;

    /// <summary>The key that wraps.</summary>
    public AccountKey Current => _keys[0];

    public int Count => _keys.Length;

    /// <summary>The keys, or null when there is no such file.</summary>
    public static AccountKeyFile? Read(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllText(path).TrimEnd('\n').Split('\n');
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        if (lines.Length > MaxKeys) throw Damaged(path);
        return new AccountKeyFile([.. lines.Select(line => Parse(line, path))]);
    }

    /// <summary>A line for the file with a fresh key.</summary>
    public static string NewLine()
    {
        var secret = RandomNumberGenerator.GetBytes(AccountKey.LengthBytes);
        var line = Prefix + Convert.ToBase64String(secret) + "\n";
        CryptographicOperations.ZeroMemory(secret);
        return line;
    }

    /// <summary>Replaces the file by one with those lines, durably and at once.</summary>
    public static void Replace(string path, string lines)
    {
        var temporary = WriteTemporary(path, lines);
        File.Move(temporary, path, overwrite: true);
        PosixFile.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Makes the file unless it exists already.</summary>
    public static void CreateIfAbsent(string path, string lines)
    {
        var temporary = WriteTemporary(path, lines);
        try
        {
            PosixFile.TryLink(temporary, path);
        }
        finally
        {
            File.Delete(temporary);
        }
        PosixFile.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Opens a wrapped key with whichever key wrapped it, and says whether that is the current one.</summary>
    public (DataKey Key, bool IsCurrent) Unwrap(LineageId owner, int generation, ReadOnlySpan<byte> wrapped)
    {
        for (var i = 0; ; i++)
        {
            try
            {
                return (_keys[i].Unwrap(owner, generation, wrapped), i == 0);
            }
            catch (CorruptDataException) when (i + 1 < _keys.Length)
            {
                // An earlier key may have wrapped it.
            }
        }
    }

    public void Dispose()
    {
        foreach (var key in _keys) key.Dispose();
    }

    private static string WriteTemporary(string path, string lines)
    {
        var name = $".{Path.GetFileNameWithoutExtension(path)}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.new";
        var temporary = Path.Combine(Path.GetDirectoryName(path)!, name);
        PosixFile.WriteDurably(temporary, Encoding.ASCII.GetBytes(lines), Mode);
        return temporary;
    }

    private static AccountKey Parse(string line, string path)
    {
        var secret = new byte[AccountKey.LengthBytes];
        if (!line.StartsWith(Prefix, StringComparison.Ordinal)
            || !Convert.TryFromBase64String(line[Prefix.Length..], secret, out var length)
            || length != AccountKey.LengthBytes)
            throw Damaged(path);
        var key = new AccountKey(secret);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    private static CorruptDataException Damaged(string path) => new(
        $"Key file {path}", $"it is not one or two lines '{Prefix}' and the base64 of {AccountKey.LengthBytes} bytes");
}
