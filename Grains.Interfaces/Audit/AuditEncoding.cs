using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Grains.Interfaces.Audit;

/// <summary>What is hashed of the audit's entries and checkpoints (<c>docs/formats/audit.md</c>, Hash and Checkpoints).</summary>
public static class AuditEncoding
{
    /// <summary>Length of a hash.</summary>
    public const int HashBytes = SHA256.HashSizeInBytes;

    /// <summary>The hash of an entry.</summary>
    public static byte[] HashOfEntry(
        ReadOnlySpan<byte> previousHash, long number, string aggregate, string accountId, string kind, DateTimeOffset at, string actorId, string json)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("tidegate-audit-1\n"u8);
        hash.AppendData(previousHash);
        AppendInt64(hash, number);
        AppendText(hash, aggregate);
        AppendText(hash, accountId);
        AppendText(hash, kind);
        AppendInt64(hash, Microseconds(at));
        AppendText(hash, actorId);
        AppendText(hash, json);
        return hash.GetHashAndReset();
    }

    /// <summary>The account's rolling hash after one more entry: it stands for every entry so far and their order.</summary>
    public static byte[] Extend(ReadOnlySpan<byte> head, ReadOnlySpan<byte> entryHash)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("tidegate-audit-log-1\n"u8);
        hash.AppendData(head);
        hash.AppendData(entryHash);
        return hash.GetHashAndReset();
    }

    /// <summary>The hash of a checkpoint: what its signature is over, and what the next one names.</summary>
    public static byte[] HashOfCheckpoint(
        ReadOnlySpan<byte> previousHash, long number, string accountId, DateTimeOffset at, long entries, ReadOnlySpan<byte> head, ReadOnlySpan<byte> keyId)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData("tidegate-audit-checkpoint-1\n"u8);
        hash.AppendData(previousHash);
        AppendInt64(hash, number);
        AppendText(hash, accountId);
        AppendInt64(hash, Microseconds(at));
        AppendInt64(hash, entries);
        hash.AppendData(head);
        hash.AppendData(keyId);
        return hash.GetHashAndReset();
    }

    /// <summary>How a signing key is named: SHA-256 of its public half (SubjectPublicKeyInfo).</summary>
    public static byte[] KeyIdOf(ReadOnlySpan<byte> publicKey) => SHA256.HashData(publicKey);

    /// <summary>A time cut to what databases keep, so that a hash is the same after a round trip.</summary>
    public static DateTimeOffset Truncate(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    private static long Microseconds(DateTimeOffset at) => (at.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;

    private static void AppendInt64(IncrementalHash hash, long value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        hash.AppendData(bytes);
    }

    private static void AppendText(IncrementalHash hash, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
