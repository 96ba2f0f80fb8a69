using System.Globalization;
using Tidegate.BlockStore.Blobs;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Segments;

namespace Tidegate.BlockStore.Manifests;

/// <summary>
/// A head, stored in the bucket with every fold and snapshot, and all that is needed to read it with the account key alone
/// (<c>docs/formats/manifest.md</c>): the wrapped data keys of every lineage that it reaches. Rebuilding starts from the newest.
/// </summary>
/// <param name="Head">The head as it was about to be saved.</param>
/// <param name="Keys">Wrapped keys: the volume's own and those of its origins.</param>
public sealed record HeadManifest(VolumeHead Head, IReadOnlyList<WrappedKey> Keys)
{
    private const int MaxKeys = 4096;

    private static ReadOnlySpan<byte> ClearMagic => "TIDEMAN1"u8;

    private static ReadOnlySpan<byte> SealedMagic => "TIDEMFB1"u8;

    /// <summary>Seals the manifest, under the name that the head has for it when it has one; <see cref="Keys"/> must hold the head's own key of its current generation.</summary>
    public BlobEffect Seal(LineageSealer sealer)
    {
        var own = Keys.FirstOrDefault(key => key.Owner == Head.Lineage && key.Generation == Head.KeyGeneration)
            ?? throw new InvalidOperationException(
                $"A manifest of {Head.Lineage} needs its wrapped key of generation {Head.KeyGeneration}.");
        var owners = new OwnerTable();
        var body = new FormatWriter();
        body.Counted(Head.Encode());
        body.U32(Keys.Count);
        foreach (var key in Keys)
        {
            body.U16(owners.Intern(key.Owner));
            body.U32(key.Generation);
            body.Counted(key.Bytes.Span);
        }
        var plain = new FormatWriter();
        plain.Bytes(SealedMagic);
        owners.Write(plain);
        plain.Bytes(body.Written);
        var identity = Head.Manifest is { } named && named.Sequence == Head.Version
            ? named
            : sealer.NewIdentity(SegmentKind.Head, Head.Version);
        var (reference, blob) = sealer.SealOne(identity, plain.Written);

        // In clear, so that the account key alone opens the rest; the wrapping authenticates the key and what it is for.
        var clear = new FormatWriter();
        clear.Bytes(ClearMagic);
        clear.U32(Head.KeyGeneration);
        clear.Counted(own.Bytes.Span);
        clear.Bytes(blob.Content.Span);
        return new BlobEffect(reference.Identity.BlobKey, clear.ToArray());
    }

    /// <summary>Version of the head that a manifest is of, by its key; -1 for a key that is no manifest's.</summary>
    public static long VersionOf(string blobKey)
    {
        var name = blobKey.AsSpan(blobKey.LastIndexOf('/') + 1);
        return name.Length > 16 && long.TryParse(name[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var version) ? version : -1;
    }

    /// <summary>The highest version that a volume has a manifest of; -1 when there is none. Lists them.</summary>
    public static async Task<long> HighestVersionAsync(IBlobStore blobs, LineageId lineage, CancellationToken cancellationToken = default)
    {
        var highest = -1L;
        await foreach (var entry in blobs.ListAsync($"{lineage}/{SegmentIdentity.FolderOf(SegmentKind.Head)}/", cancellationToken))
            highest = Math.Max(highest, VersionOf(entry.Key));
        return highest;
    }

    /// <summary>Deletes a volume's manifests of versions below <paramref name="version"/>: they served as replacements alone.</summary>
    public static async Task PruneAsync(IBlobStore blobs, LineageId lineage, long version, CancellationToken cancellationToken = default)
    {
        await foreach (var entry in blobs.ListAsync($"{lineage}/{SegmentIdentity.FolderOf(SegmentKind.Head)}/", cancellationToken))
            if (VersionOf(entry.Key) < version) await blobs.DeleteAsync(entry.Key, cancellationToken);
    }

    /// <summary>
    /// Opens a manifest found under a key, with nothing but a provider of account keys. Throws <see cref="CorruptDataException"/> when
    /// the blob is not the manifest that the key names.
    /// </summary>
    public static async Task<HeadManifest> OpenAsync(
        string blobKey, ReadOnlyMemory<byte> content, IKeyProvider provider, CancellationToken cancellationToken = default)
    {
        var (owner, generation, wrapped, sealedBlob) = ReadClear(blobKey, content);
        using var key = await provider.UnwrapAsync(owner, generation, wrapped, cancellationToken);
        return Read(blobKey, owner, generation, key, sealedBlob);
    }

    private static (LineageId Owner, int Generation, byte[] Wrapped, ReadOnlyMemory<byte> Sealed) ReadClear(string blobKey, ReadOnlyMemory<byte> content)
    {
        var reader = new FormatReader(content.Span, $"Head manifest {blobKey}");
        var parts = blobKey.Split('/');
        if (parts.Length != 4
            || parts[2] != SegmentIdentity.FolderOf(SegmentKind.Head)
            || !LineageId.IsPart(parts[0])
            || !LineageId.IsPart(parts[1]))
            throw reader.Corrupt("its key is not that of a head manifest");
        reader.Expect(ClearMagic, "manifest magic");
        var generation = reader.I32("key generation", 1, int.MaxValue);
        var wrapped = reader.Counted("wrapped key").ToArray();
        return (new LineageId(parts[0], parts[1]), generation, wrapped, content[reader.Position..]);
    }

    private static HeadManifest Read(string blobKey, LineageId owner, int generation, DataKey key, ReadOnlyMemory<byte> sealedBlob)
    {
        var what = $"Head manifest {blobKey}";
        if (sealedBlob.Length is < SegmentFormat.MinSegmentBytes or > SegmentFormat.MaxSegmentBytes)
            throw new CorruptDataException(what, $"{sealedBlob.Length} bytes are left for its sealed part");
        var identity = SegmentFormat.ReadHeader(sealedBlob.Span, what).Identity;
        if (identity.BlobKey != blobKey || identity.Generation != generation)
            throw new CorruptDataException(what, $"its header says that it is {identity.BlobKey} of generation {identity.Generation}");
        var segment = SegmentReader.Open(
            sealedBlob, new SegmentReference(identity, sealedBlob.Length), new Keyring().Add(owner, generation, key));
        if (segment.Index.Entries.Count != 1) throw new CorruptDataException(what, $"it has {segment.Index.Entries.Count} frames, not 1");
        var entry = segment.Index.Entries[0];
        var plain = new byte[entry.PlainBytes];
        segment.OpenFrame(0, sealedBlob.Span.Slice(entry.Offset, entry.StoredBytes), plain);
        return Decode(plain, what, owner);
    }

    internal static HeadManifest Decode(ReadOnlySpan<byte> plain, string what, LineageId owner)
    {
        var reader = new FormatReader(plain, what);
        reader.Expect(SealedMagic, "sealed magic");
        var owners = OwnerTable.Read(ref reader);
        var head = VolumeHead.Decode(reader.Counted("head"));
        if (head.Lineage != owner) throw reader.Corrupt($"it holds the head of {head.Lineage}");
        var keys = new WrappedKey[reader.Count("key count", MaxKeys, 8)];
        for (var i = 0; i < keys.Length; i++)
            keys[i] = new WrappedKey(
                owners.Get(ref reader, "key owner"), reader.I32("key generation", 1, int.MaxValue),
                reader.Counted("wrapped key").ToArray());
        reader.End();
        return new HeadManifest(head, keys);
    }
}
