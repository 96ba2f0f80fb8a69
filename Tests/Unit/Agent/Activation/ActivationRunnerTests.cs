using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Activation;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Identity;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Time;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Activation;

public sealed class ActivationRunnerTests : IDisposable
{
    private readonly WatchedTime _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly FakeActivationService _service;
    private readonly RecordingDisplay _display = new();

    public ActivationRunnerTests() => _service = new FakeActivationService(_time);

    [Fact]
    public async Task An_activation_ends_with_a_credential_for_the_claimed_gateway()
    {
        using var credential = await RunAsync(Disk());
        Assert.Equal(new CustomerInformation(FakeActivationService.AccountId, FakeActivationService.GatewayId, "site", "UTC"), credential.Customer);
        Assert.Equal($"O={FakeActivationService.AccountId}, CN={FakeActivationService.GatewayId}", Assert.Single(_service.CertificatesFor));
        Assert.True(credential.Certificate.HasPrivateKey);
        Assert.Single(credential.Authorities);
        Assert.Equal(["KEY-0"], _display.Shown);
        Assert.Null(_display.Now);
    }

    [Fact]
    public async Task Power_lost_at_any_point_resumes_with_the_same_key_pair_and_without_a_second_claim()
    {
        // Crash at the first changing call, then at the second, ... until a run gets through; each time power comes back and it goes on.
        for (var crashAt = 1; ; crashAt++)
        {
            using var service = new FakeActivationService(_time);
            var disk = new SimulatedDisk(new Random(crashAt), new SimulatedDiskPlan { CrashAtCall = crashAt });
            var crashed = await CrashesAsync(disk, service);
            using var credential = await RunAsync(crashed ? disk.Restart(new SimulatedDiskPlan()) : disk, service);
            Assert.Equal(FakeActivationService.GatewayId, credential.Customer.GatewayId);
            // The session is opened again only when the crash came before the first one was durable.
            Assert.InRange(service.SessionsOpened, 1, 2);
            if (crashed) continue;
            Assert.True(crashAt > 15, $"only {crashAt - 1} points were tried");
            return;
        }
    }

    [Fact]
    public async Task An_expired_key_leads_to_a_new_one()
    {
        _service.ClaimedAfterPolls = null;
        var running = RunAsync(Disk());
        await _time.RunWaitsAsync(() => _display.Shown.Count == 2, TimeSpan.MaxValue);
        Assert.Equal(["KEY-0", "KEY-1"], _display.Shown);
        _service.ClaimedAfterPolls = 0;
        await _time.RunWaitsAsync(running, TimeSpan.MaxValue);
        (await running).Dispose();
    }

    [Fact]
    public async Task Trouble_of_the_service_is_shown_and_waited_out()
    {
        for (var n = 0; n < 3; n++) _service.Failures.Enqueue(new TidegateException(ErrorCodes.Unavailable, "away"));
        using var credential = await RunAsync(Disk());
        Assert.Equal(["trouble: away", "trouble: away", "trouble: away", "KEY-0"], _display.Shown);
    }

    [Fact]
    public async Task A_session_that_the_service_forgot_is_opened_anew()
    {
        var disk = Disk();
        new IdentityStore(disk).SaveActivation(new ActivationProgress(ActivationStage.Advertising, "OLD", "forgotten", _time.GetUtcNow().AddMinutes(5), 2, null));
        using var credential = await RunAsync(disk);
        Assert.Equal(["OLD", "KEY-0"], _display.Shown);
    }

    [Fact]
    public async Task An_activated_agent_asks_nothing()
    {
        var disk = Disk();
        (await RunAsync(disk)).Dispose();
        _service.Failures.Enqueue(new TidegateException(ErrorCodes.Internal, "must not be called"));
        using var again = await RunAsync(disk);
        Assert.Single(_service.Failures);
    }

    public void Dispose() => _service.Dispose();

    private static SimulatedDisk Disk() => new(new Random(1), new SimulatedDiskPlan());

    private async Task<GatewayCredential> RunAsync(IDisk disk, FakeActivationService? service = null)
    {
        var running = Runner(disk, service ?? _service).RunAsync(CancellationToken.None);
        if (_service.ClaimedAfterPolls is not null || service is not null) await _time.RunWaitsAsync(running, TimeSpan.MaxValue);
        return await running;
    }

    private async Task<bool> CrashesAsync(IDisk disk, FakeActivationService service)
    {
        try
        {
            (await RunAsync(disk, service)).Dispose();
            return false;
        }
        catch (SimulatedCrashException)
        {
            return true;
        }
    }

    private ActivationRunner Runner(IDisk disk, FakeActivationService service) => new(
        new IdentityStore(disk), service, static () => new GatewayMetadata("host", "os", "hardware", "0.1.0", []), _display, _time, NullLogger<ActivationRunner>.Instance);
}
