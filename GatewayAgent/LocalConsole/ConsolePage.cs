using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>The embedded page and the content security policy that lets its own style and script run and nothing else.</summary>
internal sealed partial class ConsolePage
{
    private const string Resource = "Tidegate.GatewayAgent.LocalConsole.index.html";

    private ConsolePage(byte[] html, string policy) => (Html, ContentSecurityPolicy) = (html, policy);

    public byte[] Html { get; }

    public string ContentSecurityPolicy { get; }

    public static ConsolePage Load()
    {
        using var stream = typeof(ConsolePage).Assembly.GetManifestResourceStream(Resource)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var html = reader.ReadToEnd();
        var policy = $"default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
            $"style-src {Sources(StyleBlock(), html)}; script-src {Sources(ScriptBlock(), html)}";
        return new ConsolePage(Encoding.UTF8.GetBytes(html), policy);
    }

    private static string Sources(Regex block, string html) => string.Join(
        ' ', block.Matches(html).Select(m => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(m.Groups[1].Value)))}'"));

    [GeneratedRegex("<style>(.*?)</style>", RegexOptions.Singleline)]
    private static partial Regex StyleBlock();

    [GeneratedRegex("<script>(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex ScriptBlock();
}
