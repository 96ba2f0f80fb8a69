using System.Security.Cryptography;
using Tidegate.BlockStore.Export;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Images;
using Tidegate.Tests.Unit.BlockStore.Rebuild;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Export;

/// <summary>An export is the volume at its point, byte for byte, or no file at all (I4, I6, I13).</summary>
public sealed class ImageExportTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-export-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task I13_every_point_exports_as_a_sparse_file_equal_to_the_image_and_as_the_same_stream()
    {
        using var stored = await StoredScenario.CreateAsync();
        var volume = (await stored.Bucket.OpenAsync(stored.Volume.Lineage))!;
        var file = Path.Combine(_directory, "image");
        foreach (var point in new[] { "snap-0", "snap-4", "head" })
        {
            var image = (await volume.FindImageAsync(point))!;
            var reader = await ImageReader.OpenAsync(image, volume.Segments);
            var lastPosition = -1L;
            var result = await new ImageExport(reader) { Progress = at => Assert.True(at.Position >= lastPosition && (lastPosition = at.Position) <= at.SizeBytes) }
                .ToFileAsync(file, mayReplace: point != "snap-0");
            Assert.Equal(image.SizeBytes, lastPosition);
            Assert.Equal(image.SizeBytes, new FileInfo(file).Length);
            Assert.InRange(result.DataBytes, 1, 64 << 20);
            using (var content = File.OpenRead(file))
            {
                Assert.Equal(result.Sha256, Convert.ToHexStringLower(await SHA256.HashDataAsync(content)));
                content.Position = 0;
                await AssertEqualAsync(reader, content);
            }
            using var hashed = new HashingStream();
            Assert.Equal(result.Sha256, (await new ImageExport(reader).ToStreamAsync(hashed)).Sha256);
            Assert.Equal((result.Sha256, image.SizeBytes), (hashed.Sha256, hashed.Written));
        }
        Assert.Equal(["image"], Directory.GetFiles(_directory).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_file_that_exists_is_kept_unless_it_may_be_replaced()
    {
        using var stored = await StoredScenario.CreateAsync();
        var volume = (await stored.Bucket.OpenAsync(stored.Clone.Lineage))!;
        var file = Path.Combine(_directory, "image");
        await File.WriteAllTextAsync(file, "mine");
        var reader = await ImageReader.OpenAsync(volume.NewestImage, volume.Segments);
        await Assert.ThrowsAsync<IOException>(() => new ImageExport(reader) { WithHash = false }.ToFileAsync(file, mayReplace: false));
        Assert.Equal("mine", await File.ReadAllTextAsync(file));
        Assert.Null((await new ImageExport(reader) { WithHash = false }.ToFileAsync(file, mayReplace: true)).Sha256);
        Assert.Equal(reader.SizeBytes, new FileInfo(file).Length);
    }

    [Fact]
    public async Task I6_damage_ends_the_export_and_leaves_no_file()
    {
        using var stored = await StoredScenario.CreateAsync();
        stored.Volume.Store.Tamper(stored.Volume.Head.Tail.Inline[^1].Segment.Identity.BlobKey, bytes =>
        {
            bytes[300] ^= 1;
            return bytes;
        });
        var volume = (await stored.Bucket.OpenAsync(stored.Volume.Lineage))!;
        var reader = await ImageReader.OpenAsync(volume.NewestImage, volume.Segments);
        await Assert.ThrowsAsync<CorruptDataException>(() => new ImageExport(reader).ToFileAsync(Path.Combine(_directory, "image"), mayReplace: false));
        Assert.Empty(Directory.GetFiles(_directory));
    }

    private static async Task AssertEqualAsync(ImageReader reader, FileStream content)
    {
        var (expected, found) = (new byte[8 << 20], new byte[8 << 20]);
        for (var offset = 0L; offset < reader.SizeBytes; offset += expected.Length)
        {
            await reader.ReadAsync(offset, expected);
            await content.ReadExactlyAsync(found);
            Assert.True(expected.AsSpan().SequenceEqual(found), $"the image differs within 8 MiB at {offset}");
        }
    }

    private sealed class HashingStream : MemoryStream
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public long Written { get; private set; }

        public string Sha256 => Convert.ToHexStringLower(_hash.GetCurrentHash());

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _hash.AppendData(buffer.Span);
            Written += buffer.Length;
            return ValueTask.CompletedTask;
        }

        protected override void Dispose(bool disposing)
        {
            _hash.Dispose();
            base.Dispose(disposing);
        }
    }
}
