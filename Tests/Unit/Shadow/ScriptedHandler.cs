namespace Tidegate.Tests.Unit.Shadow;

/// <summary>An HTTP peer that answers by script, one entry a request, and keeps what it was asked.</summary>
internal sealed class ScriptedHandler(params Func<HttpRequestMessage, byte[], HttpResponseMessage>[] script) : HttpMessageHandler
{
    public List<(HttpRequestMessage Request, byte[] Body)> Asked { get; } = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        Asked.Add((request, body));
        return script[Asked.Count - 1](request, body);
    }
}
