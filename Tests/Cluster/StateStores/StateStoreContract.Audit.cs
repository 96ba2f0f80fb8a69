using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Silo.Audit;
using Tidegate.Silo.Hosting;
using Tidegate.Silo.Options;
using Tidegate.Silo.Projections;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Cluster.StateStores;

/// <summary>Sealing the audit log (docs/formats/audit.md, Checkpoints).</summary>
public abstract partial class StateStoreContract
{
    private const string Owner = "111111111111";

    /// <summary>PostgreSQL gives positions before it commits: what was appended while a checkpoint was signed must not fall between two.</summary>
    [Fact]
    public async Task Every_entry_is_covered_by_a_checkpoint_however_appending_and_sealing_meet()
    {
        const int writers = 8, each = 12;
        using var key = new TestKey();
        var (publisher, done) = (new SqlOutboxPublisher(Providers.Store), 0);
        var sealers = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            var sealer = new AuditSealer(Providers.Store, key, TimeProvider.System);
            while (Volatile.Read(ref done) < writers) await sealer.SealAsync();
        }));
        var appending = Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            var entries = Chain($"vol-{writer}", [.. Enumerable.Range(0, each).Select(number => Row($"n{number}"))]);
            foreach (var entry in entries) await publisher.PublishAsync([entry], CancellationToken.None);
            Interlocked.Increment(ref done);
        }));
        await Task.WhenAll(sealers.Concat(appending));
        await new AuditSealer(Providers.Store, key, TimeProvider.System).SealAsync();

        var output = new StringWriter();
        Assert.True(await StoredAudit.VerifyAsync(new AuditExport(Providers.Store), Owner, [key.PublicKey], output, CancellationToken.None), output.ToString());
        Assert.Contains($"{writers * each} entries, {writers * each} of them proven", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_that_has_grown_is_sealed_within_the_minute_and_one_that_has_not_is_left_alone()
    {
        var time = new WatchedTime(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        using var key = new TestKey();
        using var service = new AuditSealService(
            new AuditSealer(Providers.Store, key, time), new Readiness { IsReady = true }, new AuditOptions(), time, NullLogger<AuditSealService>.Instance);
        var publisher = new SqlOutboxPublisher(Providers.Store);
        var entries = Chain("vol-1", Row("first"), Row("second"));
        await publisher.PublishAsync(entries[..1], CancellationToken.None);
        await service.StartAsync(CancellationToken.None);
        await time.RunWaitsAsync(() => key.Signed == 1, TimeSpan.FromMinutes(1));
        var sealedAt = time.GetUtcNow();
        Assert.Equal(TimeSpan.FromMinutes(1), sealedAt - new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await time.RunWaitsAsync(() => time.GetUtcNow() >= sealedAt.AddMinutes(5), TimeSpan.FromMinutes(1));
        Assert.Equal(1, key.Signed);
        await publisher.PublishAsync(entries[1..], CancellationToken.None);
        await time.RunWaitsAsync(() => key.Signed == 2, TimeSpan.FromMinutes(1));
        await service.StopAsync(CancellationToken.None);
        Assert.Equal(2, await CountAsync("audit_checkpoints"));
    }

    private sealed class TestKey : IAuditSigningKey, IDisposable
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private int _signed;

        public int Signed => Volatile.Read(ref _signed);

        public byte[] PublicKey => _key.ExportSubjectPublicKeyInfo();

        public byte[] SignHash(byte[] hash)
        {
            lock (_key)
            {
                Interlocked.Increment(ref _signed);
                return _key.SignHash(hash);
            }
        }

        public void Dispose() => _key.Dispose();
    }
}
