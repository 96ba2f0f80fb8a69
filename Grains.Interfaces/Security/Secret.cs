using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace Tidegate.Grains.Interfaces.Security;

/// <summary>
/// Text that lets somebody in: a key, a password, a token, a connection string. It prints redacted wherever it ends up, in a log message, an
/// exception, a record's text, a debugger, and is readable only where <see cref="Reveal"/> is written. Settings bind to it, and the JSON of
/// records whose purpose is to carry it holds the text. A test finds members of options and records that look like secrets and are none of this.
/// </summary>
[TypeConverter(typeof(SecretConverter)), JsonConverter(typeof(SecretJson))]
public sealed class Secret : IEquatable<Secret>
{
    /// <summary>What is printed instead.</summary>
    public const string Redacted = "(redacted)";

    /// <summary>No secret: an empty text.</summary>
    public static readonly Secret None = new("");

    private readonly string _text;

    /// <summary>Takes the text.</summary>
    public Secret(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        _text = text;
    }

    /// <summary>True when there is none.</summary>
    public bool IsEmpty => string.IsNullOrWhiteSpace(_text);

    /// <summary>The text itself, for the one call that needs it.</summary>
    public string Reveal() => _text;

    /// <summary>Never the text.</summary>
    public override string ToString() => _text.Length == 0 ? "(none)" : Redacted;

    /// <summary>Compares in a time that does not depend on where they differ.</summary>
    public bool Equals(Secret? other) =>
        other is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(_text), Encoding.UTF8.GetBytes(other._text));

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as Secret);

    /// <inheritdoc />
    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>Text becomes a secret by itself; a secret becomes text only by <see cref="Reveal"/>.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator Secret?(string? text) => FromString(text);

    /// <summary>The same, by name.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static Secret? FromString(string? text) => text is null ? null : new Secret(text);
}
