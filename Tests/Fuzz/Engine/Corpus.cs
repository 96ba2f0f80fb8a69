namespace Tidegate.Tests.Fuzz.Engine;

/// <summary>Committed inputs, in hexadecimal: one file each, under the name of their target. Most once broke a decoder.</summary>
internal static class Corpus
{
    /// <summary>The inputs of a target, in the order of their names.</summary>
    public static IReadOnlyList<byte[]> Of(string target)
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "Corpus", target);
        return Directory.Exists(folder)
            ? [.. Directory.GetFiles(folder, "*.hex").Order(StringComparer.Ordinal).Select(file => Convert.FromHexString(File.ReadAllText(file).ReplaceLineEndings("")))]
            : [];
    }
}
