using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Identity;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Identity;

/// <summary>Renewal on the agent's side (M3.5): when, with which key, and what a crash leaves.</summary>
public sealed class CertificateRenewalTests : IAsyncDisposable
{
    private static readonly TidegateException Away = new(ErrorCodes.Unavailable, "away");

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly SimulatedDisk _disk = new(new Random(5), new SimulatedDiskPlan());
    private readonly CancellationTokenSource _stop = new();
    private readonly TestIdentity _identity;
    private readonly CredentialKeeper _keeper;
    private readonly CertificateRenewal _renewal;
    private readonly Task _running;

    public CertificateRenewalTests()
    {
        _identity = new TestIdentity(_disk, _time);
        _keeper = Keeper(_disk);
        _renewal = new CertificateRenewal(_keeper, _identity.Service, _time, NullLogger<CertificateRenewal>.Instance);
        _running = _renewal.RunAsync(_stop.Token);
    }

    [Fact]
    public async Task M3_5_A_certificate_is_renewed_at_two_thirds_of_its_life_with_another_key_and_is_in_use_once_a_link_was_accepted()
    {
        var first = _keeper.InUse;
        await _time.DriveAsync(() => _time.GetUtcNow() >= first.RenewAt - TimeSpan.FromHours(6), TimeSpan.FromHours(5));
        Assert.Empty(_identity.Service.Asked);
        await RenewedAsync();
        Assert.InRange(_time.GetUtcNow() - first.RenewAt, TimeSpan.Zero, TimeSpan.FromHours(6));
        Assert.Equal([first.Thumbprint], _identity.Service.Asked);
        Assert.Same(first, _keeper.InUse);
        var second = _keeper.ForNextLink;
        Assert.NotEqual(first.Certificate.PublicKey.ExportSubjectPublicKeyInfo(), second.Certificate.PublicKey.ExportSubjectPublicKeyInfo());

        // An old connection that is accepted again says nothing of the new certificate.
        _keeper.Accepted(first);
        Assert.Same(first, _keeper.InUse);
        _keeper.Accepted(second);
        Assert.Same(second, _keeper.InUse);
        using var kept = new IdentityStore(_disk).LoadCredential()!;
        Assert.Equal(second.Thumbprint, kept.Thumbprint);
        Assert.Equal([IdentityStore.AuthorityFile, IdentityStore.CredentialFile, IdentityStore.CustomerFile], _disk.List().Order(StringComparer.Ordinal));

        // And so on.
        await RenewedAsync();
        Assert.Equal([first.Thumbprint, second.Thumbprint], _identity.Service.Asked);
        Assert.Equal(2, _identity.Service.Issued);
    }

    [Fact]
    public async Task A_renewal_that_fails_or_whose_answer_is_lost_is_tried_again_with_the_same_key()
    {
        _identity.Service.Failures.Enqueue(Away);
        _identity.Service.Lost.Enqueue(Away);
        await RenewedAsync();
        Assert.Equal((3, 1), (_identity.Service.Asked.Count, _identity.Service.Issued));
    }

    [Fact]
    public async Task A_renewed_credential_that_the_service_refuses_is_given_up_and_the_one_in_use_stays()
    {
        await RenewedAsync();
        var refused = _keeper.ForNextLink;
        _keeper.Refused(_keeper.InUse);
        Assert.Same(refused, _keeper.ForNextLink);
        _keeper.Refused(refused);
        Assert.Same(_keeper.InUse, _keeper.ForNextLink);
        Assert.Null(new IdentityStore(_disk).ReadRenewed());
        await RenewedAsync();
        Assert.Equal(2, _identity.Service.Issued);
    }

    [Fact]
    public async Task M1_10_A_rotation_renews_at_once_and_ends_when_the_new_credential_is_in_use_and_again_changes_nothing()
    {
        var first = _keeper.InUse.Thumbprint;
        var rotating = _renewal.RotateAsync([first], TestContext.Current.CancellationToken);
        await _time.DriveAsync(() => IsStored, TimeSpan.Zero);
        Assert.False(rotating.IsCompleted);
        _keeper.Accepted(_keeper.ForNextLink);
        await _time.DriveAsync(rotating, TimeSpan.Zero);
        Assert.Equal(_keeper.InUse.Thumbprint, (await rotating).Thumbprint);
        Assert.Equal(await rotating, await _renewal.RotateAsync([first], TestContext.Current.CancellationToken));
        Assert.Equal(1, _identity.Service.Issued);
    }

    /// <summary>The machine loses power at each change of the disk in turn; whatever that left, the next start goes on, and the one certificate that was issued ends up in use.</summary>
    [Fact]
    public async Task M3_5_Power_lost_at_any_step_of_a_renewal_leaves_a_credential_in_use_and_the_renewal_goes_on()
    {
        for (var call = 1; ; call++)
        {
            var time = new FakeTimeProvider(_time.GetUtcNow());
            var disk = new SimulatedDisk(new Random(call), new SimulatedDiskPlan());
            using var identity = new TestIdentity(disk, time);
            time.Advance(TestIdentity.Life * 0.7);
            disk = disk.Reopen(new SimulatedDiskPlan { CrashAtCall = call });
            var isWhole = await RenewOnceAsync(disk, identity, time);
            disk = disk.Restart(new SimulatedDiskPlan());
            using (var left = new IdentityStore(disk).ReadCredential()) Assert.NotNull(left);
            if (!isWhole) Assert.True(await RenewOnceAsync(disk, identity, time));
            using var after = new IdentityStore(disk).LoadCredential()!;
            Assert.Equal((1, 2), (identity.Service.Issued, after.Certificate.GetSerialNumber()[0]));
            Assert.Equal([IdentityStore.AuthorityFile, IdentityStore.CredentialFile, IdentityStore.CustomerFile], disk.List());
            if (isWhole)
            {
                Assert.InRange(call, 15, 60);
                return;
            }
        }
    }

    /// <summary>Starts, renews what is due, and has a link accepted; false when the power went.</summary>
    private static async Task<bool> RenewOnceAsync(SimulatedDisk disk, TestIdentity identity, FakeTimeProvider time)
    {
        using var stop = new CancellationTokenSource();
        try
        {
            using var keeper = Keeper(disk);
            using var renewal = new CertificateRenewal(keeper, identity.Service, time, NullLogger<CertificateRenewal>.Instance);
            var running = renewal.RunAsync(stop.Token);
            await time.DriveAsync(() => running.IsCompleted || keeper.InUse.RenewAt > time.GetUtcNow() || !ReferenceEquals(keeper.InUse, keeper.ForNextLink), TimeSpan.Zero);
            keeper.Accepted(keeper.ForNextLink);
            await stop.CancelAsync();
            await running;
            return true;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
        catch (SimulatedCrashException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _renewal.Dispose();
        _keeper.Dispose();
        _identity.Dispose();
        _stop.Dispose();
    }

    private bool IsStored => !ReferenceEquals(_keeper.InUse, _keeper.ForNextLink);

    private static CredentialKeeper Keeper(SimulatedDisk disk)
    {
        var store = new IdentityStore(disk);
        return new CredentialKeeper(store, store.LoadCredential()!);
    }

    private Task RenewedAsync() => _time.DriveAsync(() => IsStored, TimeSpan.FromHours(6));
}
