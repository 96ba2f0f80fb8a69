namespace Tidegate.Grains.Interfaces.Activation;

/// <summary>Answer to the opening of a session.</summary>
[GenerateSerializer, Immutable, Alias("tidegate.activation-started")]
public sealed record ActivationStarted(
    [property: Id(0)] DateTimeOffset AdvertiseUntil,
    [property: Id(1)] TimeSpan PollInterval);
