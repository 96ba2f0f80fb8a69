using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tidegate.Silo.Options;

namespace Tidegate.Silo.Schema;

/// <summary>One numbered schema script. Once released it never changes: its checksum is recorded where it was applied.</summary>
/// <param name="Number">Order of application, from 1 without gaps.</param>
/// <param name="Name">File name.</param>
/// <param name="Sql">Its statements.</param>
internal sealed record SchemaScript(int Number, string Name, string Sql)
{
    /// <summary>Lower-case hexadecimal SHA-256 of the script.</summary>
    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    /// <summary>The scripts of a database, in order.</summary>
    public static IReadOnlyList<SchemaScript> For(StateProvider provider)
    {
        var assembly = typeof(SchemaScript).Assembly;
        var prefix = $"{typeof(SchemaScript).Namespace}.{provider}.";
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
                var file = name[prefix.Length..];
                return new SchemaScript(int.Parse(file[..4], CultureInfo.InvariantCulture), file, reader.ReadToEnd());
            })];
    }
}
