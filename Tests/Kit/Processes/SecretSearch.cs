using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>
/// Looks for secrets in what programs have written: each as it is, in hexadecimal and in base64 at every alignment, so that one inside a larger
/// encoded text is found as well.
/// </summary>
public sealed class SecretSearch
{
    private const int ShortestBytes = 8;

    private readonly Dictionary<string, string[]> _forms = [];

    /// <summary>Names of what is searched for.</summary>
    public IReadOnlyCollection<string> Names => _forms.Keys;

    /// <summary>A secret that people and programs write as text.</summary>
    public SecretSearch Add(string name, string text)
    {
        if (text.Length < ShortestBytes) throw new ArgumentException($"'{name}' is too short to be told from other text.", nameof(text));
        _forms[name] = [text, .. FormsOf(Encoding.UTF8.GetBytes(text))];
        return this;
    }

    /// <summary>A file that holds a key: a private key in PEM, other text, or bytes.</summary>
    public SecretSearch AddFile(string path)
    {
        var (name, bytes) = (Path.GetFileName(path), File.ReadAllBytes(path));
        var text = Encoding.Latin1.GetString(bytes);
        if (text.StartsWith("-----BEGIN", StringComparison.Ordinal))
        {
            using var key = ECDsa.Create();
            key.ImportFromPem(text);
            // A file of a key is an encoding of it with a public part at its end: what must stay secret is the number, and the lines that hold it.
            _forms[name] = [.. text.Split('\n').Where(static line => line.Length > 40 && !line.StartsWith('-')).Take(2), .. FormsOf(key.ExportParameters(true).D!)];
        }
        else if (bytes.All(static value => value is (>= 0x20 and < 0x7f) or (byte)'\n'))
        {
            Add(name, text.Trim());
        }
        else
        {
            _forms[name] = [text, .. FormsOf(bytes)];
        }

        return this;
    }

    /// <summary>Names of the secrets that are in the text.</summary>
    public IReadOnlyList<string> FindIn(string text) =>
        [.. _forms.Where(secret => secret.Value.Any(form => text.Contains(form, StringComparison.OrdinalIgnoreCase))).Select(secret => secret.Key)];

    private static IEnumerable<string> FormsOf(byte[] secret)
    {
        yield return Convert.ToHexStringLower(secret);
        for (var shift = 0; shift < 3; shift++)
        {
            // The first and last characters depend on the neighbours; those in between are the secret's alone.
            var inner = Base64Url.EncodeToString([.. new byte[shift], .. secret])[(shift == 0 ? 0 : shift + 1)..^2];
            yield return inner;
            yield return inner.Replace('-', '+').Replace('_', '/');
        }
    }
}
