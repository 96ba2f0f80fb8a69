using System.Text.Json;
using Tidegate.Client.Rest.Models;

namespace Tidegate.Silo.Api;

/// <summary>How bodies are read and written: one place, so that what is fuzzed is what is served.</summary>
internal static class ApiJson
{
    /// <summary>What is left out of a request is asked for, and never taken for zero.</summary>
    public static void Configure(JsonSerializerOptions json)
    {
        json.DefaultIgnoreCondition = RestJson.Default.Options.DefaultIgnoreCondition;
        (json.RespectRequiredConstructorParameters, json.RespectNullableAnnotations) = (true, true);
        foreach (var converter in RestJson.Default.Options.Converters) json.Converters.Add(converter);
    }
}
