using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Tidegate.Grains.Aggregates;

namespace Tidegate.Grains.Waking;

/// <summary>
/// See <see cref="IWakeShardGrain"/>. Reentrant, because the grains it asks may be listing themselves with it at that
/// moment; saves are batched, so that many grains listing at once share one write.
/// </summary>
[GrainType("wake-shard"), Reentrant]
internal sealed partial class WakeShardGrain(
    [PersistentState("wake-shard", "state")] IPersistentState<WakeShardState> storage, AggregateServices services)
    : Grain, IWakeShardGrain, IRemindable, IDisposable
{
    /// <summary>Name of the shard's reminder.</summary>
    internal const string ReminderName = "wake";

    /// <summary>How often it brings the shard back to life.</summary>
    internal static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    private const int ParallelCalls = 16;
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryAfterFailure = TimeSpan.FromSeconds(30);

    private readonly ILogger _log = services.Loggers.CreateLogger("Tidegate.Grains.WakeShard");
    private readonly WakeAgenda _agenda = new();
    private readonly SemaphoreSlim _saving = new(1, 1);
    private long _changes;
    private long _savedChanges;
    private bool _isReminded;
    private bool _isSweeping;

    /// <inheritdoc />
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var now = services.Clock.GetUtcNow();
        foreach (var grain in WakeList.Unpack(storage.State.Watched)) _agenda.Restore(grain, now, now + WakeShards.LeaseTerm);
        this.RegisterGrainTimer(SweepAsync, new GrainTimerCreationOptions(SweepPeriod, SweepPeriod) { Interleave = true });
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public async Task Watch(GrainId grain, TimeSpan delay)
    {
        await RemindAsync();
        if (_agenda.Watch(grain, services.Clock.GetUtcNow() + delay)) _changes++;
        await SaveAsync(_changes);
    }

    /// <inheritdoc />
    public Task Wake() => Task.CompletedTask;

    /// <inheritdoc />
    public async Task<bool> RenewLease(GrainId grain, long generation)
    {
        await RemindAsync();
        var outcome = _agenda.Renew(grain, generation, services.Clock.GetUtcNow() + WakeShards.LeaseTerm);
        if (outcome == LeaseOutcome.Listed)
        {
            _changes++;
            await SaveAsync(_changes);
        }

        return outcome != LeaseOutcome.Refused;
    }

    /// <summary>The reminder only brings the shard back to life after a restart; its timer does the work.</summary>
    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        _isReminded = true;
        return Task.CompletedTask;
    }

    /// <summary>Called by the host after deactivation.</summary>
    public void Dispose() => _saving.Dispose();

    private async Task RemindAsync()
    {
        if (_isReminded) return;
        await this.RegisterOrUpdateReminder(ReminderName, ReminderPeriod, ReminderPeriod);
        _isReminded = true;
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (_isSweeping) return;
        _isSweeping = true;
        try
        {
            foreach (var batch in _agenda.Due(services.Clock.GetUtcNow()).Chunk(ParallelCalls))
            {
                await Task.WhenAll(batch.Select(due => AskAsync(due.Grain, due.Mark)));
            }

            await SaveAsync(_changes);
        }
        catch (Exception failure)
        {
            LogSweepFailed(_log, failure, this.GetPrimaryKeyLong());
        }
        finally
        {
            _isSweeping = false;
        }
    }

    private async Task AskAsync(GrainId grain, long mark)
    {
        TimeSpan? wait;
        try
        {
            wait = await GrainFactory.GetGrain<ISettles>(grain).Settle();
        }
        catch (Exception failure)
        {
            LogAskFailed(_log, failure, grain);
            wait = RetryAfterFailure;
        }

        var now = services.Clock.GetUtcNow();
        if (_agenda.Settled(grain, mark, now + wait, now)) _changes++;
    }

    // Whoever waits here while a save runs finds its change covered by the next one.
    private async Task SaveAsync(long changes)
    {
        while (_savedChanges < changes)
        {
            await _saving.WaitAsync();
            try
            {
                if (_savedChanges >= changes) return;
                var covered = _changes;
                storage.State = new WakeShardState { Watched = WakeList.Pack(_agenda.Grains) };
                await storage.WriteStateAsync();
                _savedChanges = covered;
            }
            catch (Exception)
            {
                // The outcome is unknown, and with it the tag that the next save must name: start again from what is stored.
                DeactivateOnIdle();
                throw;
            }
            finally
            {
                _saving.Release();
            }
        }
    }

    [LoggerMessage(111, LogLevel.Warning, "{Grain} could not be asked to settle; it will be asked again")]
    private static partial void LogAskFailed(ILogger log, Exception failure, GrainId grain);

    [LoggerMessage(112, LogLevel.Warning, "Wake shard {Shard} could not finish its sweep; the next one goes on")]
    private static partial void LogSweepFailed(ILogger log, Exception failure, long shard);
}
