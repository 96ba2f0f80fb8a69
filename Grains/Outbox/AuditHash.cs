using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Grains.Outbox;

/// <summary>The hash that chains an aggregate's audit records (<c>docs/formats/audit.md</c>, Hash).</summary>
public static class AuditHash
{
    /// <summary>Length of a hash.</summary>
    public const int LengthBytes = SHA256.HashSizeInBytes;

    private static readonly byte[] Domain = "tidegate-audit-1\n"u8.ToArray();

    /// <summary>The hash of an entry whose <see cref="OutboxEntry.Hash"/> is not looked at.</summary>
    public static byte[] Compute(OutboxEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Domain);
        hash.AppendData(entry.PreviousHash);
        AppendInt64(hash, entry.Number);
        AppendText(hash, entry.Aggregate);
        AppendText(hash, entry.AccountId);
        AppendText(hash, entry.Kind);
        AppendInt64(hash, (entry.At.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond);
        AppendText(hash, entry.ActorId);
        AppendText(hash, entry.Json);
        return hash.GetHashAndReset();
    }

    /// <summary>True when <paramref name="next"/> follows <paramref name="previous"/> (null for the first) and its own hash is right.</summary>
    public static bool Follows(OutboxEntry? previous, OutboxEntry next)
    {
        ArgumentNullException.ThrowIfNull(next);
        var expectedNumber = (previous?.Number ?? 0) + 1;
        ReadOnlySpan<byte> expectedPrevious = previous is null ? new byte[LengthBytes] : previous.Hash;
        return next.Number == expectedNumber
            && expectedPrevious.SequenceEqual(next.PreviousHash)
            && next.Hash.AsSpan().SequenceEqual(Compute(next));
    }

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
