using Tidegate.BlockStore;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Keys;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Keys;

public sealed class AccountKeyTests : IDisposable
{
    private static readonly LineageId Owner = new("123456789012", "vol-00000000000000000001");
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-keys-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_wrapped_key_opens_for_its_lineage_and_generation_alone()
    {
        using var account = new AccountKey(new byte[32]);
        using var key = DataKey.Generate();
        var wrapped = account.Wrap(Owner, 1, key);
        Assert.Equal(AccountKey.WrappedLengthBytes, wrapped.Length);
        Assert.Equal(key.Export(), account.Unwrap(Owner, 1, wrapped).Export());
        Assert.Throws<CorruptDataException>(() => account.Unwrap(Owner, 2, wrapped));
        Assert.Throws<CorruptDataException>(() => account.Unwrap(new LineageId(Owner.AccountId, "vol-00000000000000000002"), 1, wrapped));
        using var other = new AccountKey(Enumerable.Repeat((byte)1, 32).ToArray());
        Assert.Throws<CorruptDataException>(() => other.Unwrap(Owner, 1, wrapped));
        for (var i = 0; i < wrapped.Length; i++)
        {
            var altered = wrapped.ToArray();
            altered[i] ^= 0x10;
            Assert.Throws<CorruptDataException>(() => account.Unwrap(Owner, 1, altered));
        }
        Assert.Throws<CorruptDataException>(() => account.Unwrap(Owner, 1, wrapped.AsSpan(..^1)));
    }

    [Fact]
    public async Task Key_files_are_private_and_survive_a_restart()
    {
        using var key = DataKey.Generate();
        var wrapped = await new KeyFileProvider(_directory).WrapAsync(Owner, 1, key);
        var file = Path.Combine(_directory, "123456789012.key");
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(key.Export(), (await new KeyFileProvider(_directory).UnwrapAsync(Owner, 1, wrapped)).Export());
        Assert.Single(Directory.GetFiles(_directory));
    }

    [Fact]
    public async Task Racing_makers_of_one_accounts_key_end_with_one_key()
    {
        using var key = DataKey.Generate();
        var wrapped = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(async () => await new KeyFileProvider(_directory).WrapAsync(Owner, 1, key))));
        foreach (var one in wrapped)
            Assert.Equal(key.Export(), (await new KeyFileProvider(_directory).UnwrapAsync(Owner, 1, one)).Export());
    }

    [Fact]
    public async Task A_missing_or_damaged_key_file_is_named()
    {
        var provider = new KeyFileProvider(_directory);
        var missing = await Assert.ThrowsAsync<FileNotFoundException>(async () => await provider.UnwrapAsync(Owner, 1, new byte[61]));
        Assert.Contains(Owner.AccountId, missing.Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(_directory, "123456789012.key"), "tidegate-account-key-1:AAAA\n");
        var damaged = await Assert.ThrowsAsync<CorruptDataException>(async () => await provider.UnwrapAsync(Owner, 1, new byte[61]));
        Assert.Contains("123456789012.key", damaged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rotation_wraps_with_the_new_key_opens_what_the_old_one_wrapped_and_ends_when_that_is_retired()
    {
        using var key = DataKey.Generate();
        var provider = new KeyFileProvider(_directory);
        var old = await provider.WrapAsync(Owner, 1, key);
        Assert.Equal(1, await provider.GetGenerationAsync(Owner.AccountId));
        await provider.RotateAsync(Owner.AccountId, 2);
        // Begun again it goes on with the key that it made: there is never a third.
        await new KeyFileProvider(_directory).RotateAsync(Owner.AccountId, 2);
        var wrapped = await provider.WrapAsync(Owner, 1, key);
        Assert.Equal((false, true), (await provider.IsCurrentAsync(Owner, 1, old), await provider.IsCurrentAsync(Owner, 1, wrapped)));
        foreach (var one in new[] { old, wrapped }) Assert.Equal(key.Export(), (await provider.UnwrapAsync(Owner, 1, one)).Export());
        var file = Path.Combine(_directory, "123456789012.key");
        Assert.Equal(2, File.ReadLines(file).Count());
        Assert.Equal((1, 2), (AccountKey.GenerationOf(old), AccountKey.GenerationOf(wrapped)));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await provider.RotateAsync(Owner.AccountId, 4));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await provider.RetireAsync(Owner.AccountId, 3));
        await provider.RetireAsync(Owner.AccountId, 2);
        await provider.RetireAsync(Owner.AccountId, 2);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(key.Export(), (await new KeyFileReader(file).UnwrapAsync(Owner, 1, wrapped)).Export());
        var retired = await Assert.ThrowsAsync<CorruptDataException>(async () => await provider.UnwrapAsync(Owner, 1, old));
        Assert.Contains("generation 1 of the account's key", retired.Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_directory, "*.key"));
    }

    [Fact]
    public async Task A_retired_key_opens_again_when_its_line_is_put_back_and_lines_out_of_order_are_refused()
    {
        using var key = DataKey.Generate();
        var provider = new KeyFileProvider(_directory);
        var file = Path.Combine(_directory, "123456789012.key");
        var old = await provider.WrapAsync(Owner, 1, key);
        var backup = await File.ReadAllTextAsync(file);
        foreach (var generation in new[] { 2, 3 })
        {
            await provider.RotateAsync(Owner.AccountId, generation);
            await provider.RetireAsync(Owner.AccountId, generation);
        }
        await File.AppendAllTextAsync(file, backup);
        Assert.Equal(key.Export(), (await provider.UnwrapAsync(Owner, 1, old)).Export());
        await provider.RotateAsync(Owner.AccountId, 4);
        Assert.Equal(3, File.ReadLines(file).Count());
        var lines = await File.ReadAllLinesAsync(file);
        foreach (var wrong in new[] { lines.Reverse().ToArray(), [lines[0], lines[0]], [lines[0].Replace(":4:", ":0:", StringComparison.Ordinal)] })
        {
            await File.WriteAllLinesAsync(file, wrong);
            await Assert.ThrowsAsync<CorruptDataException>(async () => await provider.GetGenerationAsync(Owner.AccountId));
        }
    }

    [Fact]
    public void Wrapping_by_a_rotated_key_binds_its_generation()
    {
        using var second = new AccountKey(new byte[32], 2);
        using var third = new AccountKey(new byte[32], 3);
        using var key = DataKey.Generate();
        var wrapped = second.Wrap(Owner, 1, key);
        Assert.Equal(AccountKey.RotatedWrappedLengthBytes, wrapped.Length);
        Assert.Equal(key.Export(), second.Unwrap(Owner, 1, wrapped).Export());
        Assert.Throws<CorruptDataException>(() => third.Unwrap(Owner, 1, wrapped));
        for (var i = 0; i < wrapped.Length; i++)
        {
            var altered = wrapped.ToArray();
            altered[i] ^= 1;
            Assert.Throws<CorruptDataException>(() => second.Unwrap(Owner, 1, altered));
            Assert.Throws<CorruptDataException>(() => third.Unwrap(Owner, 1, altered));
        }
    }

    [Fact]
    public void Secrets_do_not_print()
    {
        using var key = new DataKey(Enumerable.Repeat((byte)0x41, 32).ToArray());
        Assert.DoesNotContain("41", key.ToString(), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new DataKey(new byte[31]));
    }
}
