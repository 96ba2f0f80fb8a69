using System.Security.Cryptography;

namespace Tidegate.Silo.Console;

/// <summary>The console's style and script, at addresses that hold their content's hash, so that browsers may keep them.</summary>
internal sealed class ConsoleAssets
{
    private const string Prefix = "Tidegate.Silo.Console.Assets.";
    private const int HashDigits = 16;

    private readonly Dictionary<string, (byte[] Content, string Type)> _files = [];

    public ConsoleAssets()
    {
        Style = Add("console.css", "text/css; charset=utf-8");
        Script = Add("console.js", "text/javascript; charset=utf-8");
        Icon = Add("console.svg", "image/svg+xml");
    }

    /// <summary>Address of the style.</summary>
    public string Style { get; }

    /// <summary>Address of the script.</summary>
    public string Script { get; }

    /// <summary>Address of the icon.</summary>
    public string Icon { get; }

    /// <summary>Serves them.</summary>
    public IResult Get(string name, HttpContext context)
    {
        if (!_files.TryGetValue(name, out var file)) return Results.NotFound();
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return Results.Bytes(file.Content, file.Type);
    }

    private string Add(string name, string type)
    {
        using var stream = typeof(ConsoleAssets).Assembly.GetManifestResourceStream(Prefix + name)!;
        using var content = new MemoryStream();
        stream.CopyTo(content);
        var hash = Convert.ToHexStringLower(SHA256.HashData(content.ToArray()))[..HashDigits];
        var address = $"{Path.GetFileNameWithoutExtension(name)}-{hash}{Path.GetExtension(name)}";
        _files[address] = (content.ToArray(), type);
        return "/assets/" + address;
    }
}
