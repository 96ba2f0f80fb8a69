using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.GatewayAgent.Shadow;

/// <summary>
/// When age cuts a segment (<c>docs/protocols/volume-data.md</c>, Positions): as late as the volume's recovery point objective allows, so that segments are
/// large and what is written again is sent once; early enough that it is committed by then, judged by how long segments took of late. A volume that hosts
/// leave alone is cut sooner: waiting would gain nothing. Thread-safe.
/// </summary>
internal sealed class SealDeadline(TimeSpan objective)
{
    // Most that is waited for one more write.
    private const int QuietShare = 60;
    private static readonly TimeSpan LeastQuiet = TimeSpan.FromMilliseconds(250);

    private long _objective = objective.Ticks;
    private long _longest;

    /// <summary>How old a recovery point may grow.</summary>
    public TimeSpan Objective
    {
        get => new(Volatile.Read(ref _objective));
        set => Volatile.Write(ref _objective, value.Ticks);
    }

    /// <summary>Age of the oldest change at which what waits is cut: a tenth to three quarters of the objective.</summary>
    public TimeSpan Age
    {
        get
        {
            var (most, took) = (Objective.Ticks, Volatile.Read(ref _longest));
            return new TimeSpan(most - Math.Clamp(2 * took, most / 4, most * 9 / 10));
        }
    }

    /// <summary>Time without a change after which what waits is cut.</summary>
    public TimeSpan Quiet
    {
        get
        {
            var (age, share) = (Age, Objective / QuietShare);
            var quiet = share > LeastQuiet ? share : LeastQuiet;
            return quiet < age ? quiet : age;
        }
    }

    /// <summary>The objective as it is configured; 0 is the default.</summary>
    public static TimeSpan Of(int seconds) => TimeSpan.FromSeconds(seconds > 0 ? seconds : RecoveryPointObjective.DefaultSeconds);

    /// <summary>A segment took so long from its cut to its commit. The longest counts, less with every one after it.</summary>
    public void Took(TimeSpan cutToCommit) => Volatile.Write(ref _longest, Math.Max(cutToCommit.Ticks, Volatile.Read(ref _longest) * 7 / 8));
}
