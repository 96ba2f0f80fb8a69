namespace Tidegate.Client.Rest;

/// <summary>One call: where, how, and whether repeating it is harmless.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">Path and query from the root, already escaped.</param>
/// <param name="IsRepeatable">True when sending it twice has the effect of sending it once.</param>
/// <param name="IdempotencyKey">Sent as <c>Idempotency-Key</c>; the same for every attempt.</param>
internal sealed record RestCall(HttpMethod Method, string Path, bool IsRepeatable, string? IdempotencyKey = null)
{
    public static RestCall Get(string path) => new(HttpMethod.Get, path, IsRepeatable: true);

    public static RestCall Delete(string path) => new(HttpMethod.Delete, path, IsRepeatable: true);
}
