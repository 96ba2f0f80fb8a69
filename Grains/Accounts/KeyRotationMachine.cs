using Tidegate.Grains.Aggregates;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Outbox;

namespace Tidegate.Grains.Accounts;

/// <summary>
/// How the rotation of an account's key goes on. Pure. Holds: the earlier keys are retired only after a whole pass, begun at least <see
/// cref="Grace"/> after one without failures, found nothing under them.
/// </summary>
internal static class KeyRotationMachine
{
    /// <summary>
    /// Between a pass that put everything under the new key and the one that looks again: longer than any call that may have wrapped a key
    /// by the old one before the rotation began, and not yet saved it.
    /// </summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(15);

    /// <summary>After a pass in which something failed.</summary>
    public static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(1);

    private const int MaxProblemLength = 200;

    /// <summary>Begins one; while one is under way that one goes on.</summary>
    public static Change<AccountState, AccountState> Begin(AccountState state, int currentGeneration, DateTimeOffset now)
    {
        if (state.Rotation is { CompletedAt: null }) return Change.Keep(state);
        // An account without a key gets its first, and then the one that this is about.
        var generation = Math.Max(1, currentGeneration) + 1;
        return Change.To(
            state with { Rotation = new KeyRotation { Generation = generation, StartedAt = now } },
            new DomainEvent("account.key-rotation-begun", new { generation }));
    }

    /// <summary>A number of volumes were seen to: the first of those that come after <see cref="KeyRotation.Through"/>.</summary>
    public static Change<AccountState, AccountState> Advanced(AccountState state, KeyRotation known, string through, int volumes, int total, int keys, string problem)
    {
        if (state.Rotation != known) return Change.Keep(state);
        return Save(state, known with
        {
            Through = through,
            Volumes = known.Volumes + volumes,
            TotalVolumes = total,
            Keys = known.Keys + keys,
            KeysInPass = known.KeysInPass + keys,
            Problem = problem.Length == 0 ? known.Problem : problem[..Math.Min(problem.Length, MaxProblemLength)],
        });
    }

    /// <summary>The pass has seen to every volume, and to the account's record keys.</summary>
    public static Change<AccountState, AccountState> PassEnded(AccountState state, KeyRotation known, DateTimeOffset now)
    {
        if (state.Rotation != known || IsClean(known)) return Change.Keep(state);
        return Save(state, known.Problem.Length > 0
            ? known with { Stage = KeyRotationStage.Rewrapping, NextPassAt = now + RetryAfter }
            : known with { Stage = KeyRotationStage.Waiting, NextPassAt = now + Grace });
    }

    /// <summary>Begins the pass that is due.</summary>
    public static Change<AccountState, AccountState> PassBegun(AccountState state, KeyRotation known)
    {
        if (state.Rotation != known) return Change.Keep(state);
        return Save(state, known with
        {
            Stage = known.Stage == KeyRotationStage.Waiting ? KeyRotationStage.Checking : known.Stage,
            NextPassAt = null,
            Through = "",
            Volumes = 0,
            TotalVolumes = 0,
            KeysInPass = 0,
            Problem = "",
        });
    }

    /// <summary>True when a pass that checks has found nothing: the earlier keys may be retired.</summary>
    public static bool IsClean(KeyRotation rotation) => rotation is { Stage: KeyRotationStage.Checking, KeysInPass: 0, Problem: "" };

    /// <summary>The earlier keys are retired.</summary>
    public static Change<AccountState, AccountState> Completed(AccountState state, KeyRotation known, DateTimeOffset now)
    {
        if (state.Rotation != known) return Change.Keep(state);
        return Change.To(
            state with { Rotation = known with { Stage = KeyRotationStage.Completed, CompletedAt = now }, KeyRotatedAt = now },
            new DomainEvent("account.key-rotated", new { known.Generation, known.Volumes, known.Keys }));
    }

    private static Change<AccountState, AccountState> Save(AccountState state, KeyRotation rotation) =>
        Change.To(state with { Rotation = rotation }) with { Owes = true };
}
