using System.Security.Cryptography;
using System.Text;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Accounts;

/// <summary>
/// Computes and checks password hashes, outside of grains' turns and not more at once than the machine has processors, so that sign-ins cannot take
/// it from everything else.
/// </summary>
internal sealed class PasswordHasher : IDisposable
{
    /// <summary>Rounds of a new hash: about a fifth of a second.</summary>
    public const int Rounds = 210_000;

    /// <summary>Shortest password.</summary>
    public const int MinLength = 12;

    /// <summary>Longest password.</summary>
    public const int MaxLength = 128;

    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    // Nobody's: what a password is checked against where there is none.
    private static readonly PasswordHash Nobodys = new(new byte[SaltBytes], Rounds, new byte[HashBytes]);

    private readonly SemaphoreSlim _slots = new(Environment.ProcessorCount);

    /// <summary>The password, or throws <c>InvalidArgument</c> that says what it must be.</summary>
    public static string Require(string? password, string userName)
    {
        if (password is not { Length: >= MinLength and <= MaxLength }) throw Arguments.Invalid($"A password has {MinLength} to {MaxLength} characters.");
        return password.Contains(userName, StringComparison.OrdinalIgnoreCase) ? throw Arguments.Invalid("A password must not hold the user's name.") : password;
    }

    /// <summary>A fresh hash of a password.</summary>
    public async Task<PasswordHash> HashAsync(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new PasswordHash(salt, Rounds, await ComputeAsync(password, salt, Rounds));
    }

    /// <summary>Whether a password is the hash's; without one it is not, after the same work.</summary>
    public async Task<bool> IsRightAsync(string password, PasswordHash? hash)
    {
        var against = hash ?? Nobodys;
        // What cannot be a password costs as much as one.
        var computed = await ComputeAsync(password.Length > MaxLength ? "" : password, against.Salt, against.Rounds);
        return CryptographicOperations.FixedTimeEquals(computed, against.Hash) && hash is not null;
    }

    public void Dispose() => _slots.Dispose();

    private async Task<byte[]> ComputeAsync(string password, byte[] salt, int rounds)
    {
        await _slots.WaitAsync();
        try
        {
            return await Task.Run(() => Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, rounds, HashAlgorithmName.SHA512, HashBytes));
        }
        finally
        {
            _slots.Release();
        }
    }
}
