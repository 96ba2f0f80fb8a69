using Tidegate.BlockStore;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Heads;
using Tidegate.BlockStore.Images;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Records;
using Tidegate.BlockStore.Relocation;
using Tidegate.BlockStore.Segments;
using Tidegate.Tests.Fuzz.Engine;
using Tidegate.Tests.Unit.BlockStore.Golden;

namespace Tidegate.Tests.Fuzz.Targets;

/// <summary>Heads and what hangs on them (<c>docs/formats/head.md</c>, <c>image.md</c>, <c>manifest.md</c>, <c>relocation.md</c>, <c>record.md</c>).</summary>
internal static class HeadTargets
{
    public static FuzzTarget Head() => new("head", [Fixed.Hex(GoldenVectors.Head), Fixed.Hex(GoldenVectors.StagedHead)], static bytes => VolumeHead.Decode(bytes), typeof(CorruptDataException));

    public static FuzzTarget Image() => new(
        "image", [Fixed.Hex(GoldenVectors.Image), Fixed.Hex(GoldenVectors.RelocatedImage)], static bytes => ImageDescriptor.Decode(bytes), typeof(CorruptDataException));

    public static FuzzTarget TailManifest() => new(
        "tail-manifest", [Fixed.FrameOf(GoldenVectors.TailManifest)], static bytes => BlockStore.Heads.TailManifest.Decode(bytes, "manifest"), typeof(CorruptDataException));

    /// <summary>A whole blob as the store gives it: its clear part, the wrapped key, and what does not authenticate.</summary>
    public static FuzzTarget HeadManifest()
    {
        var blob = Fixed.Hex(GoldenVectors.HeadManifest);
        var key = $"{Fixed.Owner.AccountId}/{Fixed.Owner.VolumeId}/head/000000000000000c-{new BlobNonce(77)}";
        var provider = new OneKey();
        return new FuzzTarget(
            "head-manifest", [blob],
            bytes => BlockStore.Manifests.HeadManifest.OpenAsync(key, bytes, provider).GetAwaiter().GetResult(),
            typeof(CorruptDataException));
    }

    /// <summary>What is inside, once its key was found and it authenticated.</summary>
    public static FuzzTarget SealedManifest()
    {
        var blob = Fixed.Hex(GoldenVectors.HeadManifest);
        // Behind magic, generation and the counted wrapped key comes a segment of one frame.
        var sealedAt = 8 + 4 + 2 + (Fixed.Hex(GoldenVectors.WrappedKey).Length);
        return new FuzzTarget(
            "head-manifest-sealed", [Fixed.FrameOf(Convert.ToHexString(blob.AsSpan(sealedAt)))],
            static bytes => BlockStore.Manifests.HeadManifest.Decode(bytes, "manifest", Fixed.Owner), typeof(CorruptDataException));
    }

    public static FuzzTarget MovedDirectory() => new(
        "moved-directory", [Fixed.FrameOf(GoldenVectors.MovedContainer, 1)],
        static bytes => BlockStore.Relocation.MovedDirectory.Decode(bytes, Fixed.Owner, 1, "directory"), typeof(CorruptDataException));

    public static FuzzTarget RelocationList() => new(
        "relocation-list", [RelocationRoot.Encode(ImageDescriptor.Decode(Fixed.Hex(GoldenVectors.RelocatedImage)).Relocations)],
        static bytes => RelocationRoot.Decode(bytes), typeof(CorruptDataException));

    public static FuzzTarget StateRecord()
    {
        var entry = new RecordEntry(1, "gw-1", "123456789012", "gateway.renamed", DateTimeOffset.UnixEpoch.AddYears(56), "key", "{}", new byte[32], new byte[32]);
        var record = new StateRecord(Fixed.Owner, 4, "gateway", "gw-1", [entry, entry with { Number = 2 }], new byte[100]);
        return new FuzzTarget("state-record", [record.Encode()], static bytes => BlockStore.Records.StateRecord.Decode(bytes, Fixed.Owner, 4, "record"), typeof(CorruptDataException));
    }

    /// <summary>Unwraps with the account key of the golden vectors.</summary>
    private sealed class OneKey : IKeyProvider
    {
        private readonly AccountKey _account = new(Enumerable.Repeat((byte)0x5a, 32).ToArray());

        public ValueTask<byte[]> WrapAsync(LineageId owner, int generation, DataKey key, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask<DataKey> UnwrapAsync(LineageId owner, int generation, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(_account.Unwrap(owner, generation, wrapped.Span));

        public ValueTask<bool> IsCurrentAsync(LineageId owner, int generation, ReadOnlyMemory<byte> wrapped, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask<int> GetGenerationAsync(string accountId, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask RotateAsync(string accountId, int generation, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask RetireAsync(string accountId, int generation, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
