using System.Net;
using System.Text.RegularExpressions;
using Tidegate.Client.Rest;

namespace Tidegate.Tests.Cluster.Silo;

/// <summary>A browser without a screen: keeps cookies, follows nothing by itself, sends forms with what the page's hidden fields say.</summary>
internal sealed partial class ConsoleVisitor : IDisposable
{
    private readonly HttpClient _http;

    public ConsoleVisitor(string consoleUrl, string caFile)
    {
        var handler = PinnedTrust.CreateHandler(caFile);
        (handler.UseCookies, handler.CookieContainer, handler.AllowAutoRedirect) = (true, Cookies, false);
        _http = new HttpClient(handler) { BaseAddress = new Uri(consoleUrl) };
    }

    public CookieContainer Cookies { get; } = new();

    public HttpClient Http => _http;

    public async Task<(HttpResponseMessage Answer, string Html)> GetAsync(string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        var answer = await _http.SendAsync(request);
        return (answer, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Loads a page, and sends the form of it that goes to <paramref name="action"/>, with these fields besides the hidden ones.</summary>
    public async Task<(HttpResponseMessage Answer, string Html)> SubmitAsync(string page, string action, params (string Name, string Value)[] fields)
    {
        var (_, html) = await GetAsync(page);
        var form = Form().Matches(html).Select(static match => match.Value).FirstOrDefault(one => one.Contains($"action=\"{action}\"", StringComparison.Ordinal))
            ?? throw new InvalidOperationException($"{page} has no form to {action}:\n{html}");
        var hidden = Hidden().Matches(form).Select(static match => (match.Groups[1].Value, WebUtility.HtmlDecode(match.Groups[2].Value)));
        return await PostAsync(action, [.. hidden, .. fields]);
    }

    public async Task<(HttpResponseMessage Answer, string Html)> PostAsync(string path, params (string Name, string Value)[] fields)
    {
        using var content = new FormUrlEncodedContent(fields.Select(static field => KeyValuePair.Create(field.Name, field.Value)));
        var answer = await _http.PostAsync(path, content);
        return (answer, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Signs in; the answer tells whether it went well.</summary>
    public async Task<HttpResponseMessage> SignInAsync(string name, string password) =>
        (await SubmitAsync("/sign-in", "/sign-in", ("name", name), ("password", password))).Answer;

    public void Dispose() => _http.Dispose();

    [GeneratedRegex("<form[^>]*method=\"post\"[^>]*>.*?</form>", RegexOptions.Singleline)]
    private static partial Regex Form();

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]*)\" value=\"([^\"]*)\"")]
    private static partial Regex Hidden();
}
