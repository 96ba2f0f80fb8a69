namespace Tidegate.Grains.Volumes;

/// <summary>An image that a lease holds as it is here, and until when.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.leased-image")]
internal sealed record LeasedImage([property: Id(0)] StoredImage Image, [property: Id(1)] DateTimeOffset ExpiresAt);
