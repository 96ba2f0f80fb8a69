using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidegate.Grains.Interfaces.Security;

/// <summary>JSON of a <see cref="Secret"/>: its text, for the files and messages that exist to carry it.</summary>
public sealed class SecretJson : JsonConverter<Secret>
{
    /// <inheritdoc />
    public override Secret Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new(reader.GetString() ?? throw new JsonException("A secret is a text."));

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, Secret value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(value);
        writer.WriteStringValue(value.Reveal());
    }
}
