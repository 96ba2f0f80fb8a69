using System.Globalization;
using System.Security.Cryptography;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Audit;

namespace Tidegate.Client.Audit;

/// <summary>
/// Checks an account's audit log, entry by entry and checkpoint by checkpoint, in the order of an export, with nothing but the public keys. Knows
/// of no file or service; its memory grows with the number of resources, and not with that of entries.
/// </summary>
/// <param name="accountId">Whose log it is; empty for the service's own.</param>
/// <param name="publicKeys">The keys that are trusted, each as SubjectPublicKeyInfo.</param>
public sealed class AuditVerifier(string accountId, IEnumerable<byte[]> publicKeys) : IDisposable
{
    private const int MaxFindings = 1000;
    private const int SessionIdLength = 64;

    private readonly Dictionary<string, ECDsa> _keys = publicKeys.ToDictionary(key => Convert.ToHexStringLower(AuditEncoding.KeyIdOf(key)), Import);
    private readonly Dictionary<string, (long Number, string Hash)> _heads = [];
    private readonly List<AuditFinding> _findings = [];
    private byte[] _head = new byte[AuditEncoding.HashBytes];
    private (long Number, string Hash) _checkpoint = (0, new string('0', 2 * AuditEncoding.HashBytes));

    /// <summary>What is wrong, in the order of the log; at most a thousand findings.</summary>
    public IReadOnlyList<AuditFinding> Findings => _findings;

    /// <summary>Entries looked at.</summary>
    public long Entries { get; private set; }

    /// <summary>Checkpoints looked at.</summary>
    public long Checkpoints { get; private set; }

    /// <summary>Entries that a checkpoint covers which is signed and agrees: what stands proven.</summary>
    public long ProvenEntries { get; private set; }

    /// <summary>Number and hash of the newest checkpoint, for a later comparison; number 0 when there is none.</summary>
    public (long Number, string Hash) Newest => _checkpoint;

    /// <summary>The next entry of the log.</summary>
    public void Add(AuditRecordView entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        Entries++;
        var where = string.Create(CultureInfo.InvariantCulture, $"entry {entry.Number} of {entry.Aggregate}");
        var hash = HashOf(entry);
        if (!Bytes(entry.Hash).AsSpan().SequenceEqual(hash))
            Find(AuditFindingKind.Altered, where, "its words are not those that were recorded: it was changed after it was written");
        if (entry.AccountId != accountId) Find(AuditFindingKind.Foreign, where, $"it is of the account '{entry.AccountId}': it was put into this log");
        CheckPlace(entry, where);
        _head = AuditEncoding.Extend(_head, hash);
    }

    /// <summary>The next checkpoint: all entries that it covers have been added.</summary>
    public void Add(AuditCheckpointView checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        Checkpoints++;
        var where = string.Create(CultureInfo.InvariantCulture, $"checkpoint {checkpoint.Number}");
        var hash = AuditEncoding.HashOfCheckpoint(
            Bytes(checkpoint.PreviousHash), checkpoint.Number, checkpoint.AccountId, checkpoint.At, checkpoint.Entries, Bytes(checkpoint.Head), Bytes(checkpoint.KeyId));
        var isSigned = IsSigned(checkpoint, hash, where);
        if (checkpoint.Number != _checkpoint.Number + 1 || checkpoint.PreviousHash != _checkpoint.Hash)
        {
            Find(
                AuditFindingKind.BrokenCheckpoints, where,
                $"it does not follow checkpoint {_checkpoint.Number}: checkpoints between them are missing, or one of the two belongs to another history of this log");
        }

        if (isSigned && checkpoint.AccountId != accountId) Find(AuditFindingKind.Foreign, where, $"it is of the account '{checkpoint.AccountId}': another log's proof was put here");
        else if (isSigned) CheckCovered(checkpoint, where);
        _checkpoint = (checkpoint.Number, Convert.ToHexStringLower(hash));
    }

    /// <summary>The file's last line.</summary>
    public void Add(AuditExportEnd end)
    {
        ArgumentNullException.ThrowIfNull(end);
        if (end.Entries != Entries || end.Checkpoints != Checkpoints)
            Find(AuditFindingKind.CutShort, "the end", $"the file was written with {end.Entries} entries and {end.Checkpoints} checkpoints and has {Entries} and {Checkpoints}");
    }

    /// <summary>The log must hold this checkpoint, which was seen in it before: one that was cut back, or replaced as a whole, does not.</summary>
    public void RequireSeen(long number, string hash, string? seenHash)
    {
        if (number == 0 || seenHash == hash) return;
        Find(
            AuditFindingKind.CutShort, string.Create(CultureInfo.InvariantCulture, $"checkpoint {number}"),
            seenHash is null ? "it is known from an earlier export and is not here: the log was cut back to before it" : "an earlier export has another one of this number: the log was replaced by another history");
    }

    /// <summary>Frees the keys.</summary>
    public void Dispose()
    {
        foreach (var key in _keys.Values) key.Dispose();
    }

    private void CheckPlace(AuditRecordView entry, string where)
    {
        var isKnown = _heads.TryGetValue(entry.Aggregate, out var last);
        // A session is the service's own until an account claims it: its first entries are in the service's log.
        var mayBegin = !isKnown && (entry.Number == 1 || entry.Aggregate.Length == SessionIdLength);
        if (!mayBegin && entry.Number > last.Number + 1)
            Find(AuditFindingKind.Missing, where, string.Create(CultureInfo.InvariantCulture, $"entries {last.Number + 1} to {entry.Number - 1} before it are not there: they were removed"));
        else if (entry.Number <= last.Number)
            Find(AuditFindingKind.Reordered, where, string.Create(CultureInfo.InvariantCulture, $"it comes behind entry {last.Number}: the order was changed, or an entry was repeated"));
        else if (!mayBegin && entry.PreviousHash != last.Hash)
            Find(AuditFindingKind.Rewritten, where, string.Create(CultureInfo.InvariantCulture, $"it was written behind another entry {last.Number} than is here: one of the two was written anew"));
        if (entry.Number > last.Number) _heads[entry.Aggregate] = (entry.Number, entry.Hash);
    }

    private void CheckCovered(AuditCheckpointView checkpoint, string where)
    {
        if (checkpoint.Entries != Entries)
        {
            Find(
                AuditFindingKind.NotAsSigned, where, string.Create(CultureInfo.InvariantCulture,
                    $"it was signed over {checkpoint.Entries} entries and {Entries} are here: {(Entries < checkpoint.Entries ? "entries were removed" : "entries were put in")}"));
        }
        else if (!Bytes(checkpoint.Head).AsSpan().SequenceEqual(_head))
        {
            Find(AuditFindingKind.NotAsSigned, where, "the entries up to it are not those that it was signed over: some were exchanged, written anew, or put into another order");
        }
        else
        {
            ProvenEntries = Entries;
        }
    }

    private bool IsSigned(AuditCheckpointView checkpoint, byte[] hash, string where)
    {
        if (!_keys.TryGetValue(checkpoint.KeyId, out var key))
            Find(AuditFindingKind.Forged, where, $"it is signed with the key {checkpoint.KeyId}, which is not trusted: whoever wrote it did not have the service's key, or the key was changed and its public half is missing here");
        else if (checkpoint.Hash != Convert.ToHexStringLower(hash) || !key.VerifyHash(hash, Bytes(checkpoint.Signature)))
            Find(AuditFindingKind.Forged, where, "its signature is not over these words: it was changed, or made without the service's key");
        else return true;
        return false;
    }

    private static byte[] HashOf(AuditRecordView entry) => AuditEncoding.HashOfEntry(
        Bytes(entry.PreviousHash), entry.Number, entry.Aggregate, entry.AccountId, entry.Kind, entry.At, entry.ActorId, entry.Body);

    // What is no hexadecimal is no hash of anything.
    private static byte[] Bytes(string hexadecimal)
    {
        var bytes = new byte[hexadecimal.Length / 2];
        return Convert.FromHexString(hexadecimal, bytes, out _, out _) == System.Buffers.OperationStatus.Done ? bytes : [];
    }

    private static ECDsa Import(byte[] publicKey)
    {
        var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(publicKey, out _);
        return key;
    }

    private void Find(AuditFindingKind kind, string where, string meaning)
    {
        if (_findings.Count < MaxFindings) _findings.Add(new AuditFinding(kind, where, meaning));
    }
}
