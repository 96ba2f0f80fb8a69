using System.Globalization;
using Tidegate.BlockStore.Formats;

namespace Tidegate.BlockStore.Segments;

/// <summary>
/// Which segment: enough to derive its blob key and, with the data key, its encryption key. Kinds other than data and fill belong to
/// no epoch (0); their sequence is the head's committed sequence or version that they were made for.
/// </summary>
/// <param name="Kind">What its frames are.</param>
/// <param name="Owner">Whose it is.</param>
/// <param name="Generation">Generation of the owner's data key, from 1.</param>
/// <param name="Epoch">Epoch that sealed it, from 1; 0 for kinds other than data.</param>
/// <param name="Sequence">Its place in the volume's order, from 1; 0 or more for kinds other than data.</param>
/// <param name="Nonce">Drawn when its bytes were encrypted.</param>
public sealed record SegmentIdentity(SegmentKind Kind, LineageId Owner, int Generation, long Epoch, long Sequence, BlobNonce Nonce)
{
    internal const int EncodedBytes = 2 + 1 + 4 + 8 + 8 + 16;

    private const string FillFolder = "fill-";

    /// <summary>A data segment's identity with a fresh nonce.</summary>
    public static SegmentIdentity NewData(LineageId owner, int generation, long epoch, long sequence, INonceSource nonces) =>
        new(SegmentKind.Data, owner, generation, epoch, sequence, nonces.Next());

    /// <summary>A fill segment's identity with a fresh nonce; <paramref name="number"/> counts the volume's fills, from 1.</summary>
    public static SegmentIdentity NewFill(LineageId owner, int generation, long epoch, long number, INonceSource nonces) =>
        new(SegmentKind.Fill, owner, generation, epoch, number, nonces.Next());

    /// <summary>True for the kinds whose frames are sectors of blocks.</summary>
    public bool HoldsSectors => Kind is SegmentKind.Data or SegmentKind.Fill or SegmentKind.Compact;

    /// <summary>True for the kinds that agents seal and commit.</summary>
    public bool IsSealedByAgents => Kind is SegmentKind.Data or SegmentKind.Fill;

    /// <summary>
    /// <c>account/volume/epoch/sequence-nonce</c>, numbers as 16 and the nonce as 32 hexadecimal digits; <c>fill-epoch</c>
    /// stands for the epoch of fills, the name of the kind in kinds other than these and data.
    /// </summary>
    public string BlobKey =>
        string.Create(CultureInfo.InvariantCulture, $"{Owner.AccountId}/{Owner.VolumeId}/{Folder}/{Sequence:x16}-{Nonce}");

    private string Folder => Kind switch
    {
        SegmentKind.Data => Epoch.ToString("x16", CultureInfo.InvariantCulture),
        SegmentKind.Fill => FillFolder + Epoch.ToString("x16", CultureInfo.InvariantCulture),
        _ => FolderOf(Kind),
    };

    /// <summary>
    /// Reads a data segment's key; the generation is not part of it. False unless it is exactly what <see cref="BlobKey"/> writes.
    /// </summary>
    public static bool TryParseDataKey(string blobKey, int generation, out SegmentIdentity? identity)
    {
        identity = null;
        var parts = blobKey.Split('/');
        if (parts.Length != 4 || !LineageId.IsPart(parts[0]) || !LineageId.IsPart(parts[1])) return false;
        if (parts[3].Length != 49 || parts[3][16] != '-' || !BlobNonce.TryParse(parts[3].AsSpan(17), out var nonce)) return false;
        if (!TryNumber(parts[2], out var epoch) || !TryNumber(parts[3].AsSpan(0, 16), out var sequence)) return false;
        identity = new SegmentIdentity(SegmentKind.Data, new LineageId(parts[0], parts[1]), generation, epoch, sequence, nonce);
        return true;
    }

    /// <summary>
    /// Reads a segment's key of any kind, as <see cref="TryParseDataKey"/> reads a data segment's. False for what is no segment's key.
    /// </summary>
    public static bool TryParse(string blobKey, int generation, out SegmentIdentity? identity)
    {
        identity = null;
        if (KindOf(blobKey) is not { } kind) return false;
        if (kind == SegmentKind.Data) return TryParseDataKey(blobKey, generation, out identity);
        // Everything but the folder is as in a data segment's key.
        var parts = blobKey.Split('/');
        parts[2] = kind == SegmentKind.Fill ? parts[2][FillFolder.Length..] : 0L.ToString("x16", CultureInfo.InvariantCulture);
        if (!TryParseDataKey(string.Join('/', parts), generation, out identity)) return false;
        identity = identity! with { Kind = kind };
        return true;
    }

    /// <summary>The kind of segment that a key's folder stands for; null for what is no segment's key.</summary>
    public static SegmentKind? KindOf(string blobKey)
    {
        var parts = blobKey.Split('/');
        if (parts.Length != 4) return null;
        foreach (var kind in Enum.GetValues<SegmentKind>())
            if (kind is not (SegmentKind.Data or SegmentKind.Fill) && parts[2] == FolderOf(kind)) return kind;
        if (parts[2].StartsWith(FillFolder, StringComparison.Ordinal)) return TryNumber(parts[2].AsSpan(FillFolder.Length), out _) ? SegmentKind.Fill : null;
        return TryNumber(parts[2], out _) ? SegmentKind.Data : null;
    }

    internal static string FolderOf(SegmentKind kind) => kind switch
    {
        SegmentKind.Map => "map",
        SegmentKind.Catalogue => "catalogue",
        SegmentKind.Tail => "tail",
        SegmentKind.Head => "head",
        SegmentKind.Relocation => "relocation",
        SegmentKind.Moved => "moved",
        SegmentKind.Record => "record",
        SegmentKind.Compact => "compact",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Data and fill segments live under an epoch."),
    };

    internal void Write(FormatWriter writer, OwnerTable owners)
    {
        writer.U16(owners.Intern(Owner));
        writer.U8((byte)Kind);
        writer.U32(Generation);
        writer.I64(Epoch);
        writer.I64(Sequence);
        writer.U128(Nonce.Value);
    }

    internal static SegmentIdentity Read(ref FormatReader reader, OwnerTable owners)
    {
        var owner = owners.Get(ref reader, "segment owner");
        var kind = reader.U8("segment kind");
        // Nothing refers to a record.
        if (kind is < (byte)SegmentKind.Data or > (byte)SegmentKind.Compact or (byte)SegmentKind.Record) throw reader.Corrupt($"segment kind {kind} is unknown");
        return new SegmentIdentity(
            (SegmentKind)kind,
            owner,
            reader.I32("segment key generation", 1, int.MaxValue),
            reader.I64("segment epoch", 0, long.MaxValue),
            reader.I64("segment sequence", 0, long.MaxValue),
            new BlobNonce(reader.U128("segment nonce")));
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out long value)
    {
        value = 0;
        return text.Length == 16
            && text.IndexOfAnyExcept("0123456789abcdef") < 0
            && long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
            && value >= 0;
    }
}
