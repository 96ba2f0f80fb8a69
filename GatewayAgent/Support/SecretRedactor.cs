using System.Text.RegularExpressions;

namespace Tidegate.GatewayAgent.Support;

/// <summary>
/// Takes out of text what lets somebody in: private keys, activation keys, passwords in URLs, signatures and tokens. The second line of
/// defence: what writes into a bundle or a diagnostics answer leaves secrets out to begin with.
/// </summary>
internal static partial class SecretRedactor
{
    private const string Redacted = "(redacted)";

    /// <summary>The text without what looks like a secret.</summary>
    public static string Redact(string text)
    {
        text = PrivateKey().Replace(text, Redacted);
        text = UrlPassword().Replace(text, $"$1{Redacted}@");
        text = NamedSecret().Replace(text, $"$1{Redacted}");
        text = Bearer().Replace(text, $"$1 {Redacted}");
        return ActivationKey().Replace(text, Redacted);
    }

    [GeneratedRegex("-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)", RegexOptions.Singleline)]
    private static partial Regex PrivateKey();

    // https://user:password@host: neither part is anybody's business.
    [GeneratedRegex("([a-z][a-z0-9+.-]*://)[^/@\\s\"']+@", RegexOptions.IgnoreCase)]
    private static partial Regex UrlPassword();

    // Query parameters and JSON members whose name says that their value is a secret; file names are none.
    [GeneratedRegex("((?:\\b|_)(?:sig|signature|password|passwd|secret|token|apikey|activationkey|credential|accountkey)\"?\\s*[=:]\\s*\"?)[^\\s&\"',;})]+", RegexOptions.IgnoreCase)]
    private static partial Regex NamedSecret();

    [GeneratedRegex("\\b(Bearer|Basic)\\s+[A-Za-z0-9+/=._~-]{8,}", RegexOptions.IgnoreCase)]
    private static partial Regex Bearer();

    // Groups of capitals and digits as an activation key is shown.
    [GeneratedRegex("\\b[0-9A-Z]{4,6}(?:-[0-9A-Z]{4,6}){3,}\\b")]
    private static partial Regex ActivationKey();
}
