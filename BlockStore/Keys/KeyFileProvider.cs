using System.Security.Cryptography;
using System.Text;
using Tidegate.BlockStore.Blobs;

namespace Tidegate.BlockStore.Keys;

/// <summary>
/// Account keys in files: <c>DIRECTORY/ACCOUNT.key</c>, one line <c>tidegate-account-key-1:BASE64</c>, readable by the owner
/// alone, durable before first use. Two processes that make the same account's key at once end up with one of them.
/// </summary>
public sealed class KeyFileProvider : IKeyProvider
{
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

    private string PathOf(string accountId) => Path.Combine(_directory, accountId + AccountKeyFile.Extension);

    private AccountKey? Read(string accountId) => AccountKeyFile.Read(PathOf(accountId));

    private AccountKey Create(string accountId)
    {
        var secret = RandomNumberGenerator.GetBytes(AccountKey.LengthBytes);
        var line = Encoding.ASCII.GetBytes(AccountKeyFile.Prefix + Convert.ToBase64String(secret) + "\n");
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
