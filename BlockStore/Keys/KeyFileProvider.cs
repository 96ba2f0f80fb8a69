using System.Security.Cryptography;
using System.Text;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Keys;

/// <summary>
/// Account keys in files: <c>DIRECTORY/ACCOUNT.key</c>, one line <c>tidegate-account-key-1:BASE64</c>, readable by the owner
/// alone, durable before first use. Two processes that make the same account's key at once end up with one of them.
/// </summary>
public sealed class KeyFileProvider : IKeyProvider
{
    private const string Prefix = "tidegate-account-key-1:";
    private readonly string _directory;

    /// <summary>Uses a directory, which is created (mode 0700) when absent.</summary>
    public KeyFileProvider(string directory)
    {
        _directory = Path.GetFullPath(directory);
        PosixFile.CreateDirectories(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <inheritdoc/>
    public ValueTask<byte[]> WrapAsync(LineageId owner, int generation, DataKey key, CancellationToken cancellationToken = default)
    {
        using var account = Read(owner.AccountId) ?? Create(owner.AccountId);
        return ValueTask.FromResult(account.Wrap(owner, generation, key));
    }

    /// <inheritdoc/>
    public ValueTask<DataKey> UnwrapAsync(
        LineageId owner, int generation, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken = default)
    {
        using var account = Read(owner.AccountId)
            ?? throw new FileNotFoundException(
                $"Account {owner.AccountId} has no key file in {_directory}. Restore it from your key backup: without it the account's data cannot be read.",
                PathOf(owner.AccountId));
        return ValueTask.FromResult(account.Unwrap(owner, generation, wrapped.Span));
    }

    private string PathOf(string accountId) => Path.Combine(_directory, accountId + ".key");

    private AccountKey? Read(string accountId)
    {
        string text;
        try
        {
            text = File.ReadAllText(PathOf(accountId)).TrimEnd('\n');
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        var secret = new byte[AccountKey.LengthBytes];
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)
            || !Convert.TryFromBase64String(text[Prefix.Length..], secret, out var length)
            || length != AccountKey.LengthBytes)
            throw new CorruptDataException(
                $"Key file {PathOf(accountId)}", $"it is not one line '{Prefix}' and the base64 of {AccountKey.LengthBytes} bytes");
        var key = new AccountKey(secret);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    private AccountKey Create(string accountId)
    {
        var secret = RandomNumberGenerator.GetBytes(AccountKey.LengthBytes);
        var line = Encoding.ASCII.GetBytes(Prefix + Convert.ToBase64String(secret) + "\n");
        var temporary = Path.Combine(_directory, $".{accountId}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.new");
        PosixFile.WriteDurably(temporary, line, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        try
        {
            PosixFile.TryLink(temporary, PathOf(accountId));
        }
        finally
        {
            File.Delete(temporary);
        }
        PosixFile.SyncDirectory(_directory);
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(line);
        // Whoever linked first made the key: read it back rather than trusting our own draw.
        return Read(accountId)
            ?? throw new IOException(
                $"Key file {PathOf(accountId)} vanished while it was being made. Check who else writes to the directory.");
    }
}
