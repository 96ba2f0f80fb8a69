using System.Security.Cryptography;
using Tidegate.Client.Audit;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Audit;
using Xunit;
using static Tidegate.Client.Audit.AuditFindingKind;

namespace Tidegate.Tests.Unit.Security;

/// <summary>docs/formats/audit.md, Verification: whoever changes the log afterwards is found, and it is said what was done.</summary>
public sealed class AuditVerifierTests : IDisposable
{
    private readonly AuditLogUnderTest _log = new();

    public void Dispose() => _log.Dispose();

    [Fact]
    public void An_honest_log_is_sound_and_proven_as_far_as_its_last_checkpoint()
    {
        using var verifier = Verified(_log.Honest());
        Assert.Empty(verifier.Findings);
        Assert.Equal((17, 15, 3), (verifier.Entries, verifier.ProvenEntries, verifier.Checkpoints));
    }

    [Fact]
    public void The_golden_vectors_of_the_format_document()
    {
        var (zero, at) = (new byte[32], new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero).AddTicks(1234560));
        var head = AuditEncoding.Extend(zero, Convert.FromHexString("21b6a9fb529418d4e7f98451e14253fa5cbf0f70d0dae6c7ae409d51c48a5461"));
        Assert.Equal(GoldenHead, Convert.ToHexStringLower(head));
        Assert.Equal(GoldenCheckpoint, Convert.ToHexStringLower(AuditEncoding.HashOfCheckpoint(zero, 1, "123456789012", at, 1, head, AuditEncoding.KeyIdOf("a key"u8))));
    }

    [Fact]
    public void An_altered_entry_is_found() =>
        AssertFound(Changed(3, entry => entry with { ActorId = "key-2" }), Altered, "entry 2 of vol-0");

    [Fact]
    public void An_altered_entry_that_is_hashed_anew_is_found_by_the_next_one_and_by_the_checkpoint()
    {
        var lines = Changed(3, entry => AuditLogUnderTest.Sealed(entry with { Body = "{}" }));
        AssertFound(lines, Rewritten, "entry 3 of vol-0");
        AssertFound(lines, NotAsSigned, "checkpoint 1");
    }

    [Fact]
    public void A_dropped_entry_is_found()
    {
        var lines = _log.Honest();
        lines.RemoveAt(4);
        AssertFound(lines, Missing, "entry 3 of vol-1");
        AssertFound(lines, NotAsSigned, "checkpoint 1", "removed");
        AssertFound(lines, CutShort, "the end");
    }

    [Fact]
    public void A_whole_resource_that_is_dropped_is_found_by_the_checkpoint_alone()
    {
        var lines = _log.Honest().Where(line => line.Entry?.Aggregate != "vol-2").ToList();
        lines[^1] = new AuditExportLine(End: new AuditExportEnd(AuditLogUnderTest.Account, lines.Count - 4, 3));
        AssertFound(lines, NotAsSigned, "checkpoint 1", "removed");
        Assert.DoesNotContain(Verified(lines).Findings, finding => finding.Kind is Missing or CutShort);
    }

    [Fact]
    public void The_last_entries_of_a_resource_that_are_dropped_are_found_by_the_checkpoint()
    {
        var lines = _log.Honest();
        lines.RemoveAt(lines.FindLastIndex(lines.FindLastIndex(line => line.Checkpoint is not null), line => line.Entry is not null));
        AssertFound(lines, NotAsSigned, "checkpoint 3", "removed");
    }

    [Fact]
    public void An_entry_that_is_put_in_is_found()
    {
        var lines = _log.Honest();
        lines.Insert(2, new AuditExportLine(AuditLogUnderTest.Sealed(lines[0].Entry! with { Aggregate = "vol-9" })));
        AssertFound(lines, NotAsSigned, "checkpoint 1", "put in");
    }

    [Fact]
    public void Entries_of_one_resource_in_another_order_are_found()
    {
        var lines = _log.Honest();
        (lines[0], lines[3]) = (lines[3], lines[0]);
        AssertFound(lines, Reordered, "entry 1 of vol-0");
    }

    [Fact]
    public void Entries_of_two_resources_in_another_order_are_found_by_the_checkpoint()
    {
        var lines = _log.Honest();
        (lines[0], lines[1]) = (lines[1], lines[0]);
        AssertFound(lines, NotAsSigned, "checkpoint 1", "another order");
    }

    [Fact]
    public void A_tail_that_is_cut_off_is_found_by_the_last_line_and_by_an_earlier_export()
    {
        var lines = _log.Honest();
        var newest = lines.Last(line => line.Checkpoint is not null).Checkpoint!;
        // Cut back to before the last checkpoint, with a last line to match: alone this looks like an older log.
        var cut = lines.Take(lines.FindLastIndex(line => line.Checkpoint is not null) - 5).Append(new AuditExportLine(End: new AuditExportEnd(AuditLogUnderTest.Account, 10, 2))).ToList();
        using var verifier = Verified(cut);
        Assert.Empty(verifier.Findings);
        verifier.RequireSeen(newest.Number, newest.Hash, null);
        Assert.Equal(CutShort, Assert.Single(verifier.Findings).Kind);
        AssertFound([.. lines.Take(14), lines[^1]], CutShort, "the end");
    }

    [Fact]
    public void A_checkpoint_that_is_left_out_is_found()
    {
        var lines = _log.Honest();
        lines.RemoveAt(lines.FindIndex(line => line.Checkpoint is { Number: 2 }));
        AssertFound(lines, BrokenCheckpoints, "checkpoint 3");
    }

    [Fact]
    public void A_checkpoint_that_is_changed_is_found()
    {
        AssertFound(Changed(line => line with { Entries = 4 }), Forged, "checkpoint 1");
        AssertFound(Changed(line => line with { Signature = line.Signature[..^2] + (line.Signature.EndsWith("00", StringComparison.Ordinal) ? "01" : "00") }), Forged, "checkpoint 1");
        AssertFound(Changed(line => line with { Signature = "no hexadecimal" }), Forged, "checkpoint 1");
    }

    [Fact]
    public void A_log_that_is_rewritten_as_a_whole_without_the_key_is_found()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var lines = AuditLogUnderTest.Rewritten(Changed(3, entry => entry with { Body = "{}" }), other);
        using var verifier = Verified(lines);
        Assert.Equal([Forged, Forged, Forged], verifier.Findings.Select(finding => finding.Kind));
        Assert.Equal(0, verifier.ProvenEntries);
        // Under the name of the trusted key it is no better.
        AssertFound(
            [.. lines.Select(line => line.Checkpoint is { } made ? new AuditExportLine(Checkpoint: made with { KeyId = Convert.ToHexStringLower(AuditEncoding.KeyIdOf(_log.PublicKey)) }) : line)],
            Forged, "checkpoint 1", "without the service's key");
    }

    [Fact]
    public void Another_accounts_entries_and_checkpoints_are_found()
    {
        AssertFound(Changed(3, entry => AuditLogUnderTest.Sealed(entry with { AccountId = "210987654321" })), Foreign, "entry 2 of vol-0");
        using var verifier = Verified(_log.Honest(), "210987654321");
        Assert.Contains(verifier.Findings, finding => finding is { Kind: Foreign, Where: "checkpoint 1" });
        Assert.Equal(0, verifier.ProvenEntries);
    }

    private AuditVerifier Verified(IEnumerable<AuditExportLine> lines, string account = AuditLogUnderTest.Account)
    {
        var verifier = new AuditVerifier(account, [_log.PublicKey]);
        foreach (var line in lines)
        {
            if (line.Entry is { } entry) verifier.Add(entry);
            if (line.Checkpoint is { } checkpoint) verifier.Add(checkpoint);
            if (line.End is { } end) verifier.Add(end);
        }

        return verifier;
    }

    private List<AuditExportLine> Changed(int index, Func<AuditRecordView, AuditRecordView> change)
    {
        var lines = _log.Honest();
        lines[index] = new AuditExportLine(change(lines[index].Entry!));
        return lines;
    }

    private List<AuditExportLine> Changed(Func<AuditCheckpointView, AuditCheckpointView> change)
    {
        var lines = _log.Honest();
        lines[5] = new AuditExportLine(Checkpoint: change(lines[5].Checkpoint!));
        return lines;
    }

    private void AssertFound(List<AuditExportLine> lines, AuditFindingKind kind, string where, string meaning = "")
    {
        using var verifier = Verified(lines);
        Assert.Contains(verifier.Findings, finding => finding.Kind == kind && finding.Where == where && finding.Meaning.Contains(meaning, StringComparison.Ordinal));
        if (kind is Altered or NotAsSigned or Rewritten or Reordered or Missing) Assert.InRange(verifier.ProvenEntries, 0, 14);
    }

    private const string GoldenHead = "2bcdc76e39cd80c50d8b267c4292f535255b54967b796c0ee707a99b9feedff2";
    private const string GoldenCheckpoint = "a70201a31e93b87d46e2c74ac73cc1bb204b2e04eb096d74d83e4cddfd0834e8";
}
