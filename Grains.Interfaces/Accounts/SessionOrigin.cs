namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>Where a session was begun, for the people who look at their sessions and for the limit of failures.</summary>
/// <param name="Address">IP address.</param>
/// <param name="Browser">What the browser says of itself; cut at 160 characters.</param>
[GenerateSerializer, Immutable, Alias("tidegate.session-origin")]
public sealed record SessionOrigin([property: Id(0)] string Address, [property: Id(1)] string Browser);
