using System.Text;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Records;

/// <summary>What an aggregate was after a change, and the audit entries up to it (<c>docs/formats/record.md</c>).</summary>
/// <param name="Owner">Owner account and resource.</param>
/// <param name="Number">Number of the newest entry.</param>
/// <param name="GrainType">Kind of the aggregate.</param>
/// <param name="Key">Its key.</param>
/// <param name="Entries">Entries that no earlier record is known to hold, oldest first.</param>
/// <param name="State">Its state as the database keeps it; empty when it is not kept.</param>
public sealed record StateRecord(
    LineageId Owner, long Number, string GrainType, string Key, IReadOnlyList<RecordEntry> Entries, ReadOnlyMemory<byte> State)
{
    private const int HashBytes = 32;
    private const int MinEntryBytes = (2 * HashBytes) + 8 + 8 + (5 * 2);

    private static ReadOnlySpan<byte> Magic => "TIDERFB1"u8;

    internal byte[] Encode()
    {
        var writer = new FormatWriter();
        writer.Bytes(Magic);
        WriteField(writer, GrainType);
        WriteField(writer, Key);
        writer.U32(Entries.Count);
        foreach (var entry in Entries)
        {
            writer.I64(entry.Number);
            WriteField(writer, entry.Aggregate);
            WriteField(writer, entry.AccountId);
            WriteField(writer, entry.Kind);
            writer.I64((entry.At.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond);
            WriteField(writer, entry.ActorId);
            WriteField(writer, entry.Json);
            writer.Bytes(entry.PreviousHash.Span);
            writer.Bytes(entry.Hash.Span);
        }
        writer.U32(State.Length);
        writer.Bytes(State.Span);
        return writer.ToArray();
    }

    internal static StateRecord Decode(ReadOnlySpan<byte> bytes, LineageId owner, long number, string what)
    {
        var reader = new FormatReader(bytes, what);
        reader.Expect(Magic, "record magic");
        var grainType = ReadField(ref reader, "grain type");
        var key = ReadField(ref reader, "key");
        var entries = new RecordEntry[reader.Count("entry count", SegmentFormat.MaxPageBytes / MinEntryBytes, MinEntryBytes)];
        for (var i = 0; i < entries.Length; i++)
            entries[i] = new RecordEntry(
                reader.I64("entry number", 1, long.MaxValue),
                ReadField(ref reader, "aggregate"),
                ReadField(ref reader, "entry account"),
                ReadField(ref reader, "entry kind"),
                DateTimeOffset.UnixEpoch.AddTicks(reader.I64("entry time", 0, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() * 1000) * TimeSpan.TicksPerMicrosecond),
                ReadField(ref reader, "actor"),
                ReadField(ref reader, "body"),
                reader.Bytes(HashBytes, "previous hash").ToArray(),
                reader.Bytes(HashBytes, "hash").ToArray());
        var state = reader.Bytes(reader.Count("state length", SegmentFormat.MaxPageBytes, 1), "state").ToArray();
        reader.End();
        return new StateRecord(owner, number, grainType, key, entries, state);
    }

    private static void WriteField(FormatWriter writer, string text) => writer.Counted(Encoding.UTF8.GetBytes(text));

    private static string ReadField(ref FormatReader reader, string field) => Encoding.UTF8.GetString(reader.Counted(field));
}
