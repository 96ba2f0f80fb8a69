using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Tidegate.GatewayAgent.Disks;
using Tidegate.GatewayAgent.Link;
using Tidegate.GatewayAgent.LocalConsole;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Kit.Disks;
using Tidegate.Tests.Kit.Time;

namespace Tidegate.Tests.Unit.Agent.Link;

/// <summary>An agent's link over fakes and driven time.</summary>
internal sealed class LinkBench : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();

    public LinkBench(IDisk? disk = null, long appliedVersion = 0, Func<Exception?>? failing = null)
    {
        Connector.Failing = failing;
        Volumes.AppliedConfigurationVersion = appliedVersion;
        Board = new StatusBoard(new Uri("https://service"), new Uri("https://console/activate"), Time);
        Journal = new RequestJournal(disk ?? Disk, Time, NullLogger<RequestJournal>.Instance);
        Inbox = new RequestInbox(Journal, Volumes, Rotation, Board, Time, NullLogger<RequestInbox>.Instance);
        Session = new LinkSession(Connector, Holder, Journal, Inbox, Volumes, Board, Time, NullLogger<LinkSession>.Instance);
        Running = Session.RunAsync(_stop.Token);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    public SimulatedDisk Disk { get; } = new(new Random(7), new SimulatedDiskPlan());
    public FakeConnector Connector { get; } = new();
    public FakeVolumes Volumes { get; } = new();
    public FakeRotation Rotation { get; } = new();
    public LinkHolder Holder { get; } = new();
    public StatusBoard Board { get; }
    public RequestJournal Journal { get; }
    public RequestInbox Inbox { get; }
    public LinkSession Session { get; }
    public Task Running { get; }

    /// <summary>Lets continuations run until the condition holds. Time stands still unless a step is given: a link that is open has a deadline.</summary>
    public Task UntilAsync(Func<bool> condition, TimeSpan step = default) => Time.DriveAsync(condition, step);

    /// <summary>The next connection, accepted.</summary>
    public async Task<FakeConnection> AcceptedAsync(long generation = 1)
    {
        var connection = await NextConnectionAsync();
        connection.Send(new LinkAccepted(generation, "silo"));
        await UntilAsync(() => Board.Current.State == AgentState.Connected && Board.Current.Link!.Generation == generation);
        return connection;
    }

    /// <summary>A connection whose link was accepted and has stood long enough to count as sound.</summary>
    public async Task<FakeConnection> StoodAsync()
    {
        var connection = await AcceptedAsync();
        Time.Advance(TimeSpan.FromSeconds(6));
        return connection;
    }

    public async Task<FakeConnection> NextConnectionAsync()
    {
        await Time.DriveAsync(() => Connector.HasNext, TimeSpan.FromMilliseconds(100));
        return await Connector.NextAsync();
    }

    /// <summary>The task's result, while time stands still.</summary>
    public async Task<T> DrivenAsync<T>(Task<T> task)
    {
        await Time.DriveAsync(task, TimeSpan.Zero);
        return await task;
    }

    /// <summary>The task's result; time moves little by little, and never as far as the deadline of a link that is open.</summary>
    public async Task<T> SlowlyDrivenAsync<T>(Task<T> task)
    {
        for (var round = 0; round < 20; round++)
        {
            for (var turn = 0; turn < 20_000 && !task.IsCompleted; turn++) await Task.Yield();
            if (task.IsCompleted) return await task;
            Time.Advance(TimeSpan.FromMilliseconds(300));
        }
        return await DrivenAsync(task);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Time.DriveAsync(Running, TimeSpan.FromMilliseconds(10));
        Inbox.Dispose();
        _stop.Dispose();
    }
}
