using Tidegate.Grains.Interfaces.Audit;

namespace Tidegate.Grains.Outbox;

/// <summary>The hash that chains an aggregate's audit records (<c>docs/formats/audit.md</c>, Hash).</summary>
public static class AuditHash
{
    /// <summary>Length of a hash.</summary>
    public const int LengthBytes = AuditEncoding.HashBytes;

    /// <summary>The hash of an entry whose <see cref="OutboxEntry.Hash"/> is not looked at.</summary>
    public static byte[] Compute(OutboxEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return AuditEncoding.HashOfEntry(entry.PreviousHash, entry.Number, entry.Aggregate, entry.AccountId, entry.Kind, entry.At, entry.ActorId, entry.Json);
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
}
