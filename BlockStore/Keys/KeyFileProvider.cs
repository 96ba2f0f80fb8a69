using Tidegate.BlockStore.Blobs;

namespace Tidegate.BlockStore.Keys;

/// <summary>
/// Account keys in files: <c>DIRECTORY/ACCOUNT.key</c>, readable by the owner alone, durable before first use. Two processes that make the
/// same account's key at once end up with one of them. A rotation writes the new key before the old ones in the file, and removes
/// those when they are retired; one process at a time does either.
/// </summary>
public sealed class KeyFileProvider : KeyFiles
{
    private readonly string _directory;

    /// <summary>Uses a directory, which is created (mode 0700) when absent.</summary>
    public KeyFileProvider(string directory)
    {
        _directory = Path.GetFullPath(directory);
        PosixFile.CreateDirectories(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <inheritdoc/>
    public override ValueTask<byte[]> WrapAsync(LineageId owner, int generation, DataKey key, CancellationToken cancellationToken = default)
    {
        using var account = AccountKeyFile.Read(PathOf(owner.AccountId)) ?? Create(owner.AccountId);
        return ValueTask.FromResult(account.Current.Wrap(owner, generation, key));
    }

    /// <inheritdoc/>
    public override ValueTask<int> GetGenerationAsync(string accountId, CancellationToken cancellationToken = default)
    {
        using var account = AccountKeyFile.Read(PathOf(accountId));
        return ValueTask.FromResult(account?.Current.Generation ?? 0);
    }

    /// <inheritdoc/>
    public override ValueTask RotateAsync(string accountId, int generation, CancellationToken cancellationToken = default)
    {
        var path = PathOf(accountId);
        using var exclusive = AccountKeyFile.Lock(path);
        using var account = AccountKeyFile.Read(path) ?? Create(accountId);
        if (account.Current.Generation >= generation) return ValueTask.CompletedTask;
        if (account.Current.Generation + 1 != generation)
            throw new InvalidOperationException($"Account {accountId} has generation {account.Current.Generation} of its key; {generation} does not follow.");
        AccountKeyFile.Replace(path, AccountKeyFile.NewLine(generation) + File.ReadAllText(path));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public override ValueTask RetireAsync(string accountId, int generation, CancellationToken cancellationToken = default)
    {
        var path = PathOf(accountId);
        using var exclusive = AccountKeyFile.Lock(path);
        using var account = Require(accountId);
        var kept = account.Generations.Count(one => one >= generation);
        if (kept == 0) throw new InvalidOperationException($"Account {accountId} has no key of generation {generation}; none is retired.");
        if (kept < account.Generations.Count()) AccountKeyFile.Replace(path, string.Concat(File.ReadLines(path).Take(kept).Select(line => line + "\n")));
        return ValueTask.CompletedTask;
    }

    private string PathOf(string accountId) => Path.Combine(_directory, accountId + AccountKeyFile.Extension);

    private protected override AccountKeyFile Require(string accountId) => AccountKeyFile.Read(PathOf(accountId))
        ?? throw new FileNotFoundException(
            $"Account {accountId} has no key file in {_directory}. Restore it from your key backup: without it the account's data cannot be read.",
            PathOf(accountId));

    private AccountKeyFile Create(string accountId)
    {
        AccountKeyFile.CreateIfAbsent(PathOf(accountId), AccountKeyFile.NewLine(1));
        // Whoever linked first made the key: read it back rather than trusting our own draw.
        return AccountKeyFile.Read(PathOf(accountId))
            ?? throw new IOException(
                $"Key file {PathOf(accountId)} vanished while it was being made. Check who else writes to the directory.");
    }
}
