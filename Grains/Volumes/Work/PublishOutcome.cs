namespace Tidegate.Grains.Volumes.Work;

/// <summary>What became of a prepared change.</summary>
internal enum PublishOutcome
{
    /// <summary>It is saved, or there was nothing to save.</summary>
    Done = 0,

    /// <summary>The catalogue changed since it was prepared: prepare it again from the head as it is now.</summary>
    Superseded = 1,
}
