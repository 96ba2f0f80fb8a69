namespace Tidegate.Grains.Scrub;

/// <summary>Where a scrub begins.</summary>
/// <param name="Position">Last blob that was checked; empty for the beginning.</param>
/// <param name="Suspects">Blobs in which something was found damaged so far.</param>
[GenerateSerializer, Immutable, Alias("tidegate.scrub-start")]
internal sealed record ScrubStart([property: Id(0)] string Position, [property: Id(1)] string[] Suspects);
