using System.Security.Cryptography;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Audit;

namespace Tidegate.Tests.Unit.Security;

/// <summary>An account's log as an honest service writes it, for tests to tamper with.</summary>
internal sealed class AuditLogUnderTest : IDisposable
{
    public const string Account = "123456789012";

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly string Zero = new('0', 64);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] PublicKey => _key.ExportSubjectPublicKeyInfo();

    /// <summary>Entries of three resources, five of each in turn, with a checkpoint behind every five and two entries that none covers.</summary>
    public List<AuditExportLine> Honest()
    {
        var lines = new List<AuditExportLine>();
        var heads = new Dictionary<string, string>();
        var total = new List<AuditRecordView>();
        for (var number = 0; number < 17; number++)
        {
            var aggregate = $"vol-{number % 3}";
            var entry = Sealed(new AuditRecordView(
                aggregate, (number / 3) + 1, Account, "volume.renamed", Start.AddSeconds(number), "key-1", $$"""{"change":{"name":"n{{number}}"},"row":null}""",
                heads.GetValueOrDefault(aggregate, Zero), ""));
            heads[aggregate] = entry.Hash;
            total.Add(entry);
            lines.Add(new AuditExportLine(entry));
            if (number % 5 == 4) lines.Add(new AuditExportLine(Checkpoint: Sign(lines, total, _key)));
        }

        lines.Add(new AuditExportLine(End: new AuditExportEnd(Account, 17, 3)));
        return lines;
    }

    /// <summary>The entry with the hash that its words have.</summary>
    public static AuditRecordView Sealed(AuditRecordView entry) => entry with
    {
        Hash = Convert.ToHexStringLower(AuditEncoding.HashOfEntry(
            Convert.FromHexString(entry.PreviousHash), entry.Number, entry.Aggregate, entry.AccountId, entry.Kind, entry.At, entry.ActorId, entry.Body)),
    };

    /// <summary>The lines with every hash, chain and checkpoint made anew, as somebody does who has the whole database and another key.</summary>
    public static List<AuditExportLine> Rewritten(IEnumerable<AuditExportLine> lines, ECDsa key)
    {
        var (made, heads, total) = (new List<AuditExportLine>(), new Dictionary<string, string>(), new List<AuditRecordView>());
        foreach (var line in lines)
        {
            if (line.Entry is { } entry)
            {
                entry = Sealed(entry with { PreviousHash = heads.GetValueOrDefault(entry.Aggregate, Zero) });
                heads[entry.Aggregate] = entry.Hash;
                total.Add(entry);
                made.Add(new AuditExportLine(entry));
            }
            else
            {
                made.Add(line.Checkpoint is null ? line : new AuditExportLine(Checkpoint: Sign(made, total, key)));
            }
        }

        return made;
    }

    public void Dispose() => _key.Dispose();

    private static AuditCheckpointView Sign(List<AuditExportLine> lines, List<AuditRecordView> entries, ECDsa key)
    {
        var last = lines.LastOrDefault(line => line.Checkpoint is not null)?.Checkpoint;
        var head = entries.Aggregate(new byte[32], static (known, entry) => AuditEncoding.Extend(known, Convert.FromHexString(entry.Hash)));
        var (number, previous, at, keyId) = ((last?.Number ?? 0) + 1, last?.Hash ?? Zero, entries[^1].At, AuditEncoding.KeyIdOf(key.ExportSubjectPublicKeyInfo()));
        var hash = AuditEncoding.HashOfCheckpoint(Convert.FromHexString(previous), number, Account, at, entries.Count, head, keyId);
        return new AuditCheckpointView(
            number, Account, at, entries.Count, Convert.ToHexStringLower(head), previous, Convert.ToHexStringLower(keyId), Convert.ToHexStringLower(key.SignHash(hash)), Convert.ToHexStringLower(hash));
    }
}
