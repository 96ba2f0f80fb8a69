namespace Tidegate.Tests.Cluster.Grains;

/// <summary>What a save meets.</summary>
public enum StorageFault
{
    /// <summary>Nothing: it succeeds.</summary>
    None,

    /// <summary>The database is away: nothing is saved.</summary>
    Lost,

    /// <summary>The answer is lost: the state is saved and the caller is told otherwise.</summary>
    Unanswered,

    /// <summary>Another activation of the grain has just saved the same state.</summary>
    Overtaken,
}
