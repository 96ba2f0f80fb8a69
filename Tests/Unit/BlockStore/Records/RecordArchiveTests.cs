using Tidegate.BlockStore;
using Tidegate.BlockStore.Formats;
using Tidegate.BlockStore.Keys;
using Tidegate.BlockStore.Records;
using Tidegate.Tests.Kit.Blobs;
using Tidegate.Tests.Unit.BlockStore.Rebuild;
using Xunit;

namespace Tidegate.Tests.Unit.BlockStore.Records;

/// <summary>State records (<c>docs/formats/record.md</c>).</summary>
public sealed class RecordArchiveTests : IDisposable
{
    private static readonly LineageId Gateway = new("123456789012", "gw-0123456789abcdef0123");

    private readonly MemoryBlobStore _store = new(TimeProvider.System);
    private readonly TemporaryKeys _keys = new();

    public void Dispose() => _keys.Dispose();

    [Fact]
    public async Task What_is_stored_is_read_back_by_another_process_with_the_account_key_alone()
    {
        var record = Record(Gateway, 7);
        var service = Record(new LineageId(RecordArchive.ServiceAccount, "key-01"), 1) with { State = default };
        using (var archive = new RecordArchive(_store, _keys.Provider))
        {
            await archive.StoreAsync(record);
            await archive.StoreAsync(service);
        }
        // A process started later goes on with the account's key.
        using (var second = new RecordArchive(_store, _keys.Provider)) await second.StoreAsync(Record(Gateway, 8));
        Assert.Single(_store.Keys, key => key.StartsWith("123456789012/records/key/", StringComparison.Ordinal));
        using var reader = new RecordArchive(_store, new KeyFileReader(_keys.Path));
        var listed = await reader.ListAsync().ToListAsync();
        Assert.Equal([(Gateway, 7L), (Gateway, 8L), (service.Owner, 1L)], listed.Select(one => (one.Owner, one.Number)));
        var read = await reader.OpenAsync(listed[0]);
        Assert.Equal((record.GrainType, record.Key, record.Number), (read.GrainType, read.Key, read.Number));
        Assert.Equal(record.State.ToArray(), read.State.ToArray());
        foreach (var (expected, found) in record.Entries.Zip(read.Entries))
        {
            Assert.Equal(expected with { PreviousHash = default, Hash = default }, found with { PreviousHash = default, Hash = default });
            Assert.Equal([.. expected.PreviousHash.Span, .. expected.Hash.Span], (byte[])[.. found.PreviousHash.Span, .. found.Hash.Span]);
        }
        Assert.True((await reader.OpenAsync(listed[2])).State.IsEmpty);
        Assert.Empty(await new Tidegate.BlockStore.Rebuild.Bucket(_store, _keys.Provider).ListVolumesAsync().ToListAsync());
    }

    [Fact]
    public async Task I6_an_altered_truncated_or_renamed_record_does_not_open()
    {
        using var archive = new RecordArchive(_store, _keys.Provider);
        await archive.StoreAsync(Record(Gateway, 3));
        var stored = await archive.ListAsync().SingleAsync();
        var content = (await _store.GetRangeAsync(stored.BlobKey, 0, 1 << 20)).ToArray();
        var random = new Random(5);
        for (var i = 0; i < 300; i++)
        {
            _store.Tamper(stored.BlobKey, bytes =>
            {
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
            });
            await Assert.ThrowsAsync<CorruptDataException>(() => archive.OpenAsync(stored));
            _store.Tamper(stored.BlobKey, _ => i % 10 == 9 ? content[..(i * content.Length / 300)] : content);
            if (i % 10 == 9) await Assert.ThrowsAsync<CorruptDataException>(() => archive.OpenAsync(stored));
            _store.Tamper(stored.BlobKey, _ => content);
        }
        var other = stored with { BlobKey = stored.BlobKey.Replace("gw-0", "gw-1", StringComparison.Ordinal), Owner = new LineageId("123456789012", "gw-1123456789abcdef0123") };
        await _store.PutIfAbsentAsync(other.BlobKey, content);
        await Assert.ThrowsAsync<CorruptDataException>(() => archive.OpenAsync(other));
        Assert.Equal(3, (await archive.OpenAsync(stored)).Number);
    }

    [Fact]
    public async Task Rewrapping_lets_the_old_account_key_go()
    {
        using (var archive = new RecordArchive(_store, _keys.Provider))
        {
            await archive.StoreAsync(Record(Gateway, 1));
            await _keys.Provider.RotateAsync(Gateway.AccountId, 2);
            Assert.Equal(1, await archive.RewrapAsync(Gateway.AccountId));
            Assert.Equal(0, await archive.RewrapAsync(Gateway.AccountId));
        }
        await _keys.Provider.RetireAsync(Gateway.AccountId, 2);
        using var later = new RecordArchive(_store, _keys.Provider);
        Assert.Equal(1, (await later.OpenAsync(await later.ListAsync().SingleAsync())).Number);
        Assert.Single(_store.Keys, key => key.Contains("/records/key/", StringComparison.Ordinal));
    }

    private static StateRecord Record(LineageId owner, long number) => new(
        owner,
        number,
        "gateway",
        owner.VolumeId,
        [
            new RecordEntry(number, owner.VolumeId, owner.AccountId, "gateway.renamed", DateTimeOffset.UnixEpoch.AddDays(20_000).AddMicroseconds(number), "key-1", "{\"change\":\"ä\"}", new byte[32], Enumerable.Repeat((byte)number, 32).ToArray()),
        ],
        Enumerable.Range(0, 300).Select(i => (byte)i).ToArray());
}
