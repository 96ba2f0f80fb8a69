namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>What is done wrong on purpose among several volumes: the simulation must see it.</summary>
internal enum SeveralVolumesBug
{
    None,
    /// <summary>A flush is answered before it is done.</summary>
    FlushAnsweredEarly,
    /// <summary>More fills are in memory than there are turns.</summary>
    TooManyFills,
    /// <summary>The members of a group have points of their own, one after the other.</summary>
    GroupOneByOne,
}
