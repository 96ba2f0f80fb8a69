using Microsoft.Extensions.Logging;
using Orleans.Storage;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Outbox;
using Tidegate.Grains.Security;
using Tidegate.Grains.Waking;

namespace Tidegate.Grains.Aggregates;

/// <summary>
/// The one way a grain changes: a pure machine decides, the wake shard is told, state and outbox entries are saved
/// together, and what the change owes to others is settled afterwards. Saves of one grain never overlap, also when its
/// calls interleave. A save whose outcome is unknown is read back; a lost compare-and-set ends the activation.
/// </summary>
internal abstract partial class AggregateGrain<TState>(IPersistentState<TState> storage, AggregateServices services) : Grain, ISettles, IDisposable
    where TState : AggregateState, new()
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PublishTimeout = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _saving = new(1, 1);
    private readonly SemaphoreSlim _settling = new(1, 1);
    private readonly ILogger _log = services.Loggers.CreateLogger("Tidegate.Grains.Aggregate");
    private long _publishedThrough;
    private bool _isListed;

    /// <summary>The last saved state.</summary>
    protected TState State => storage.State;

    /// <summary>The service's time.</summary>
    protected DateTimeOffset Now => services.Clock.GetUtcNow();

    /// <summary>The service's clock, for waits.</summary>
    protected TimeProvider Clock => services.Clock;

    /// <summary>The grain's key.</summary>
    protected string Key => this.GetPrimaryKeyString();

    /// <summary>True when every entry of the outbox has reached its readers.</summary>
    protected bool IsPublished => State.Outbox.LastNumber <= _publishedThrough || State.Outbox.Pending.Length == 0;

    /// <summary>Owner of the aggregate, as audit records name it; empty for the service's own.</summary>
    protected abstract string OwnerOf(TState state);

    /// <summary>The projection's row for the aggregate; null when it is gone or has none.</summary>
    protected virtual object? RowOf(TState state) => null;

    /// <summary>False when the aggregate is not worth having back after the loss of the database: of its records only the entries count.</summary>
    protected virtual bool IsBroughtBack => true;

    /// <summary>The state as its records hold it: without what they must not.</summary>
    protected virtual TState RecordOf(TState state) => state;

    /// <summary>What the grain owes beyond its outbox. Null when nothing is left.</summary>
    protected virtual Task<TimeSpan?> SettleOthersAsync() => Task.FromResult<TimeSpan?>(null);

    /// <summary>
    /// The save of <paramref name="lost"/> was refused for good, and the state has been read again: what was stored for that save alone may go.
    /// </summary>
    protected virtual Task DiscardAsync(TState lost) => Task.CompletedTask;

    /// <inheritdoc />
    public virtual async Task<TimeSpan?> Settle()
    {
        ServiceCaller.ActUnlessCalled();
        _isListed = true;
        var wait = await SettleOnceAsync();
        // A change that is being saved relies on being listed; it is not settled yet.
        if (_saving.CurrentCount == 0) wait ??= RetryAfter;
        if (wait is null) _isListed = false;
        return wait;
    }

    /// <summary>Called by the host after deactivation.</summary>
    public virtual void Dispose()
    {
        _saving.Dispose();
        _settling.Dispose();
    }

    /// <summary>Lets <paramref name="decide"/> look at the state, saves what it decides, settles; returns its answer.</summary>
    protected async Task<TResult> ChangeAsync<TResult>(Func<TState, DateTimeOffset, Change<TState, TResult>> decide)
    {
        var result = await SaveChangeAsync(decide);
        await SettleQuietlyAsync();
        return result;
    }

    /// <summary>As <see cref="ChangeAsync"/>, without settling: for changes made while settling.</summary>
    protected Task<TResult> SaveChangeAsync<TResult>(Func<TState, DateTimeOffset, Change<TState, TResult>> decide) =>
        SaveChangeAsync((state, now) => Task.FromResult(decide(state, now)));

    /// <summary>
    /// As above, for a change that stores blobs before its save. The state cannot change under <paramref name="decide"/>.
    /// </summary>
    protected async Task<TResult> SaveChangeAsync<TResult>(Func<TState, DateTimeOffset, Task<Change<TState, TResult>>> decide)
    {
        await _saving.WaitAsync();
        try
        {
            var now = Now;
            var change = await decide(State, now);
            if (change.Next is not { } next) return change.Result;
            var origin = new OutboxOrigin(Key, OwnerOf(next), ServiceCaller.ActorId, now);
            next = next with { Outbox = OutboxMachine.Append(State.Outbox, change.Events, RowOf(next), origin, _publishedThrough) };
            if (change.Owes) await ListAsync();
            await SaveAsync(next);
            return change.Result;
        }
        finally
        {
            _saving.Release();
        }
    }

    /// <summary>
    /// Saves a step of the change that is being decided, which stands whatever becomes of the change. Throws <c>Unavailable</c> when that is not
    /// certain: the change is given up then.
    /// </summary>
    protected async Task SaveStepAsync(TState step)
    {
        storage.State = step with { Outbox = State.Outbox };
        try
        {
            await storage.WriteStateAsync();
        }
        catch (Exception failure)
        {
            // Nothing in the state tells a step that was saved from one that was not: whoever tries again reads it.
            LogSaveFailed(_log, failure, this.GetGrainId());
            DeactivateOnIdle();
            await RereadQuietlyAsync(() => Task.CompletedTask);
            throw NotSaved();
        }
    }

    /// <summary>Reads the state again, between saves.</summary>
    protected async Task RereadAsync()
    {
        await _saving.WaitAsync();
        try
        {
            await storage.ReadStateAsync();
        }
        finally
        {
            _saving.Release();
        }
    }

    /// <summary>Forgets everything the grain has saved.</summary>
    protected async Task ForgetAsync()
    {
        await _saving.WaitAsync();
        try
        {
            await storage.ClearStateAsync();
        }
        finally
        {
            _saving.Release();
        }

        DeactivateOnIdle();
    }

    // Before the save, so that a crash right after it leaves a shard that knows whom to ask.
    private async Task ListAsync()
    {
        if (_isListed) return;
        await WakeShards.For(GrainFactory, this.GetGrainId()).Watch(this.GetGrainId(), RetryAfter);
        _isListed = true;
    }

    private async Task SaveAsync(TState next)
    {
        storage.State = next;
        try
        {
            await storage.WriteStateAsync();
        }
        catch (InconsistentStateException lost)
        {
            // Another activation saved first: it is the one that counts.
            LogSaveLost(_log, lost, this.GetGrainId());
            DeactivateOnIdle();
            await RereadQuietlyAsync(() => DiscardAsync(next));
            throw NotSaved();
        }
        catch (Exception failure)
        {
            if (await WasSavedAsync(next)) return;
            LogSaveFailed(_log, failure, this.GetGrainId());
            throw NotSaved();
        }
    }

    private async Task RereadQuietlyAsync(Func<Task> then)
    {
        try
        {
            await storage.ReadStateAsync();
            await then();
        }
        catch (Exception failure)
        {
            LogRereadFailed(_log, failure, this.GetGrainId());
        }
    }

    private TidegateException NotSaved() => new(ErrorCodes.Unavailable, $"The change to {Key} could not be saved.", "Try again.");

    private async Task<bool> WasSavedAsync(TState attempted)
    {
        try
        {
            await storage.ReadStateAsync();
            return State.Outbox.LastNumber == attempted.Outbox.LastNumber
                && attempted.Outbox.Pending.Length > 0
                && State.Outbox.LastHash.AsSpan().SequenceEqual(attempted.Outbox.LastHash);
        }
        catch (Exception failure)
        {
            LogRereadFailed(_log, failure, this.GetGrainId());
            DeactivateOnIdle();
            return false;
        }
    }

    /// <summary>Settles; what fails is left to the wake shard.</summary>
    protected async Task SettleQuietlyAsync()
    {
        try
        {
            await SettleOnceAsync();
        }
        catch (Exception failure)
        {
            LogSettleFailed(_log, failure, this.GetGrainId());
        }
    }

    /// <summary>Does <paramref name="act"/>, which must not settle, while nothing is being settled: for what a settling may be undoing.</summary>
    protected async Task WhileUnsettledAsync(Func<Task> act)
    {
        await _settling.WaitAsync();
        try
        {
            await act();
        }
        finally
        {
            _settling.Release();
        }
    }

    private async Task<TimeSpan?> SettleOnceAsync()
    {
        await _settling.WaitAsync();
        try
        {
            var others = await SettleOthersAsync();
            var published = await PublishAsync();
            return published ? others : RetryAfter;
        }
        finally
        {
            _settling.Release();
        }
    }

    private async Task<bool> PublishAsync()
    {
        while (true)
        {
            var pending = State.Outbox.Pending.Where(entry => entry.Number > _publishedThrough).ToArray();
            if (pending.Length == 0) return true;
            try
            {
                using var timeout = new CancellationTokenSource(PublishTimeout, services.Clock);
                await services.Records.StoreAsync(this.GetGrainId(), OwnerOf(State), IsBroughtBack ? RecordOf(State) : null, pending, timeout.Token);
                await services.Publisher.PublishAsync(pending, timeout.Token);
                _publishedThrough = pending[^1].Number;
            }
            catch (Exception failure)
            {
                LogPublishFailed(_log, failure, this.GetGrainId(), pending.Length);
                return false;
            }
        }
    }

    [LoggerMessage(101, LogLevel.Warning, "Saving {Grain} failed; the state was read back and the change is not in it")]
    private static partial void LogSaveFailed(ILogger log, Exception failure, GrainId grain);

    [LoggerMessage(105, LogLevel.Warning, "{Grain} was saved by another activation; this one ends")]
    private static partial void LogSaveLost(ILogger log, Exception lost, GrainId grain);

    [LoggerMessage(102, LogLevel.Warning, "Saving {Grain} failed and its state cannot be read back; the activation ends")]
    private static partial void LogRereadFailed(ILogger log, Exception failure, GrainId grain);

    [LoggerMessage(103, LogLevel.Warning, "What {Grain} owes after its change is not settled; its wake shard will ask again")]
    private static partial void LogSettleFailed(ILogger log, Exception failure, GrainId grain);

    [LoggerMessage(104, LogLevel.Warning, "{Count} outbox entries of {Grain} were not taken; they will be offered again")]
    private static partial void LogPublishFailed(ILogger log, Exception failure, GrainId grain, int count);
}
