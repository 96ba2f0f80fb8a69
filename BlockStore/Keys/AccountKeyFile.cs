using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Keys;

/// <summary>
/// The file that holds an account's keys (<c>docs/formats/overview.md</c>, Keys): the current one first, then those that a rotation has
/// not retired yet, or that were put back from a key backup, newest first.
/// </summary>
internal sealed class AccountKeyFile : IDisposable
{
    public const string Extension = ".key";

    /// <summary>Most keys in a file.</summary>
    public const int MaxKeys = 16;

    private const string RotatedPrefix = "tidegate-account-key-2:";
    private const string Prefix = "tidegate-account-key-1:";
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly AccountKey[] _keys;

    private AccountKeyFile(AccountKey[] keys) => _keys = keys;

    /// <summary>The key that wraps.</summary>
    public AccountKey Current => _keys[0];

    /// <summary>Generations in the file, newest first.</summary>
    public IEnumerable<int> Generations => _keys.Select(key => key.Generation);

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
        var file = new AccountKeyFile([.. lines.Select(line => Parse(line, path))]);
        return file.Generations.Zip(file.Generations.Skip(1)).All(pair => pair.First > pair.Second) ? file : throw Damaged(path);
    }

    /// <summary>A line for the file with a fresh key.</summary>
    public static string NewLine(int generation)
    {
        var secret = RandomNumberGenerator.GetBytes(AccountKey.LengthBytes);
        var prefix = generation == 1 ? Prefix : string.Create(CultureInfo.InvariantCulture, $"{RotatedPrefix}{generation}:");
        var line = prefix + Convert.ToBase64String(secret) + "\n";
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

    /// <summary>Keeps other processes from changing the file until it is disposed; throws <see cref="IOException"/> while one does.</summary>
    public static FileStream Lock(string path) => new(
        Path.ChangeExtension(path, ".lock"),
        new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = Mode });

    /// <summary>Opens a wrapped key with the key that wrapped it, and says whether that is the current one.</summary>
    public (DataKey Key, bool IsCurrent) Unwrap(LineageId owner, int generation, ReadOnlySpan<byte> wrapped)
    {
        var wrapper = AccountKey.GenerationOf(wrapped);
        var key = Array.Find(_keys, key => key.Generation == wrapper)
            ?? throw new CorruptDataException(
                $"The wrapped key of {owner}, generation {generation},",
                $"it is under generation {wrapper} of the account's key, and the key file holds {string.Join(", ", Generations)}: put that line back from your key backup");
        return (key.Unwrap(owner, generation, wrapped), key == Current);
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
        var (generation, text) = (1, "");
        if (line.StartsWith(Prefix, StringComparison.Ordinal))
        {
            text = line[Prefix.Length..];
        }
        else if (line.StartsWith(RotatedPrefix, StringComparison.Ordinal) && line.IndexOf(':', RotatedPrefix.Length) is > 0 and var colon
            && int.TryParse(line.AsSpan(RotatedPrefix.Length, colon - RotatedPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out generation)
            && generation > 1)
        {
            text = line[(colon + 1)..];
        }
        var secret = new byte[AccountKey.LengthBytes];
        if (!Convert.TryFromBase64String(text, secret, out var length) || length != AccountKey.LengthBytes) throw Damaged(path);
        var key = new AccountKey(secret, generation);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    private static CorruptDataException Damaged(string path) => new(
        $"Key file {path}",
        $"it is not 1 to {MaxKeys} lines '{Prefix}BASE64' or '{RotatedPrefix}GENERATION:BASE64', newest generation first, each of {AccountKey.LengthBytes} bytes");
}
