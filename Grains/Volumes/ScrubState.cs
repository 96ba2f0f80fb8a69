using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Grains.Volumes;

/// <summary>How far the scrub of a volume is, and what the last one found.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.state.scrub")]
internal sealed record ScrubState
{
    /// <summary>Most suspects and damages kept.</summary>
    public const int MaxKept = 16;

    /// <summary>When the one under way was begun; null when none is.</summary>
    [Id(0)] public DateTimeOffset? BegunAt { get; init; }

    /// <summary>Last blob that it has checked.</summary>
    [Id(1)] public string Position { get; init; } = "";

    /// <summary>Blobs of it in which something is damaged, as far as is known; at most <see cref="MaxKept"/>.</summary>
    [Id(2)] public string[] Suspects { get; init; } = [];

    /// <summary>Until when the silo that is at it may take it for its own.</summary>
    [Id(3)] public DateTimeOffset LeaseUntil { get; init; }

    /// <summary>What the last one found; null before the first has ended.</summary>
    [Id(4)] public VolumeScrubSummary? Summary { get; init; }
}
