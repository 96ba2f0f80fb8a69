namespace Tidegate.Tests.Unit.Rest;

/// <summary>What the fake API was asked.</summary>
internal sealed record FakeRequest(string Method, string Path, string Query, string Authorization, string IdempotencyKey, string Body);
