namespace Tidegate.Tests.Cluster.Hostile;

/// <summary>What became of a frame.</summary>
internal enum Fate
{
    /// <summary>The connection was closed before anything was answered.</summary>
    Closed,

    /// <summary>The call filter refused the call in the words that it has for every refusal.</summary>
    Refused,

    /// <summary>A grain or Orleans answered: the frame came through.</summary>
    Answered,

    /// <summary>The frame came through: what was sent behind it was answered, and it was not.</summary>
    Passed,

    /// <summary>Nothing was answered any more, and the connection stayed.</summary>
    Silenced,
}
