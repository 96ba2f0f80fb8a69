using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Keys;

/// <summary>
/// An account's key: wraps the data keys of the account's volumes with AES-256-GCM, bound to the lineage and generation they
/// belong to, so that a wrapped key moved to another volume does not open (<c>docs/formats/overview.md</c>, Keys). What it wraps names
/// its generation.
/// </summary>
public sealed class AccountKey : IDisposable
{
    /// <summary>Size of an account key.</summary>
    public const int LengthBytes = 32;

    /// <summary>Size of a data key wrapped by an account's first key: version, nonce, ciphertext, tag.</summary>
    public const int WrappedLengthBytes = 1 + SealedBytes;

    /// <summary>Size of a data key wrapped by a later one, whose generation comes after the version.</summary>
    public const int RotatedWrappedLengthBytes = 1 + sizeof(uint) + SealedBytes;

    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int SealedBytes = NonceBytes + DataKey.LengthBytes + TagBytes;
    private const byte FirstVersion = 1;
    private const byte RotatedVersion = 2;

    private readonly byte[] _bytes;

    /// <summary>
    /// Takes a copy of 32 bytes; throws <see cref="ArgumentException"/> for any other length, or a generation below 1.
    /// </summary>
    public AccountKey(ReadOnlySpan<byte> bytes, int generation = 1)
    {
        if (bytes.Length != LengthBytes)
            throw new ArgumentException($"An account key has {LengthBytes} bytes, not {bytes.Length}.", nameof(bytes));
        ArgumentOutOfRangeException.ThrowIfLessThan(generation, 1);
        (_bytes, Generation) = (bytes.ToArray(), generation);
    }

    /// <summary>Counts the account's keys from 1.</summary>
    public int Generation { get; }

    /// <summary>
    /// Generation of the account key that wrapped a data key, as the wrapping says; only unwrapping shows that it is true. Throws <see
    /// cref="CorruptDataException"/> when it is no wrapped key.
    /// </summary>
    public static int GenerationOf(ReadOnlySpan<byte> wrapped) => wrapped switch
    {
        { Length: WrappedLengthBytes } when wrapped[0] == FirstVersion => 1,
        { Length: RotatedWrappedLengthBytes } when wrapped[0] == RotatedVersion
            && BinaryPrimitives.ReadInt32LittleEndian(wrapped[1..]) is > 1 and var generation => generation,
        _ => throw new CorruptDataException("A wrapped key", $"it has {wrapped.Length} bytes or a version that is not theirs"),
    };

    /// <summary>Wraps a data key for storage.</summary>
    public byte[] Wrap(LineageId owner, int generation, DataKey key)
    {
        var wrapped = new byte[Generation == 1 ? WrappedLengthBytes : RotatedWrappedLengthBytes];
        wrapped[0] = Generation == 1 ? FirstVersion : RotatedVersion;
        if (Generation > 1) BinaryPrimitives.WriteInt32LittleEndian(wrapped.AsSpan(1), Generation);
        var body = wrapped.AsSpan(^SealedBytes..);
        var nonce = body[..NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(_bytes, TagBytes);
        aes.Encrypt(nonce, key.Secret, body.Slice(NonceBytes, DataKey.LengthBytes), body[^TagBytes..], Binding(owner, generation));
        return wrapped;
    }

    /// <summary>
    /// Unwraps a data key. Throws <see cref="CorruptDataException"/> when it was wrapped by another key, for another lineage or
    /// generation, or altered.
    /// </summary>
    public DataKey Unwrap(LineageId owner, int generation, ReadOnlySpan<byte> wrapped)
    {
        var what = $"The wrapped key of {owner}, generation {generation},";
        if (GenerationOf(wrapped) is var wrapper && wrapper != Generation)
            throw new CorruptDataException(what, $"it is under generation {wrapper} of the account's key, and this is generation {Generation}");
        var body = wrapped[^SealedBytes..];
        Span<byte> secret = stackalloc byte[DataKey.LengthBytes];
        using var aes = new AesGcm(_bytes, TagBytes);
        try
        {
            aes.Decrypt(body[..NonceBytes], body.Slice(NonceBytes, DataKey.LengthBytes), body[^TagBytes..], secret, Binding(owner, generation));
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new CorruptDataException(what, "it does not open with this account key", e);
        }
        var key = new DataKey(secret);
        CryptographicOperations.ZeroMemory(secret);
        return key;
    }

    /// <summary>Wipes the secret.</summary>
    public void Dispose() => CryptographicOperations.ZeroMemory(_bytes);

    /// <summary>Says only what this is.</summary>
    public override string ToString() => "account key (secret)";

    private byte[] Binding(LineageId owner, int generation) => Encoding.ASCII.GetBytes(Generation == 1
        ? $"tidegate wrapped key 1\n{owner.AccountId}\n{owner.VolumeId}\n{generation}"
        : $"tidegate wrapped key 2\n{owner.AccountId}\n{owner.VolumeId}\n{generation}\n{Generation}");
}
