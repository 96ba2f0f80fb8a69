namespace Tidegate.Grains.Volumes.Work;

/// <summary>What became of a prepared change.</summary>
internal enum PublishOutcome
{
    /// <summary>It is saved.</summary>
    Done = 0,

    /// <summary>The catalogue changed since it was prepared: prepare it again from the head as it is now.</summary>
    Superseded = 1,

    /// <summary>The silo that was asked knows of no such change: the volume is activated elsewhere by now. Nothing was saved; do it all again there.</summary>
    Unknown = 2,
}
