using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidegate.Client.Rest.Models;

/// <summary>Writes enums as camelCase strings and refuses numbers, so that renumbering can never change a meaning.</summary>
/// <typeparam name="T">The enum.</typeparam>
public sealed class CamelCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
