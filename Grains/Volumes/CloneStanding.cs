namespace Tidegate.Grains.Volumes;

/// <summary>How a clone stands to the origin that it was pinned in.</summary>
internal enum CloneStanding
{
    /// <summary>It does not exist: it never came to be, or holds nothing any more.</summary>
    Gone = 0,

    /// <summary>It is being made.</summary>
    Intended = 1,

    /// <summary>It exists, or something that is kept of it.</summary>
    Exists = 2,
}
