using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tidegate.Tests.Cluster.Silo;

/// <summary>One operation of the API's own description, and the requests that can be made of it with ids put in.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">Path with its parameters in braces.</param>
/// <param name="Query">Names of the query's parameters.</param>
/// <param name="Body">A body with every property that the schema names; null for none. Ids are left as the names of their properties.</param>
internal sealed record ApiOperation(string Method, string Path, IReadOnlyList<string> Query, JsonNode? Body)
{
    private static readonly string[] Methods = ["get", "put", "post", "delete", "patch"];

    public string Name => $"{Method} {Path}";

    /// <summary>Every operation that is described.</summary>
    public static IReadOnlyList<ApiOperation> All(JsonElement document) =>
    [
        .. from path in document.GetProperty("paths").EnumerateObject()
           from operation in path.Value.EnumerateObject()
           where Methods.Contains(operation.Name)
           select new ApiOperation(operation.Name.ToUpperInvariant(), path.Name, [.. QueryOf(path.Value).Concat(QueryOf(operation.Value))], BodyOf(operation.Value, document)),
    ];

    /// <summary>The names of the ids that it takes, wherever they stand: each is to be tried with another account's.</summary>
    public IReadOnlyList<string> Ids =>
        [.. Path.Split('{').Skip(1).Select(static part => part.Split('}')[0]).Concat(Query.Where(IsId)).Concat(Body is JsonObject body ? body.Select(static property => property.Key).Where(IsId) : [])];

    /// <summary>The request with the ids that <paramref name="idOf"/> gives.</summary>
    public HttpRequestMessage Request(Func<string, string> idOf)
    {
        var path = string.Concat(Path.Split('{').Select((part, at) => at == 0 ? part : Uri.EscapeDataString(idOf(part.Split('}')[0])) + part.Split('}')[1]));
        var query = string.Join('&', Query.Where(IsId).Select(name => $"{name}={Uri.EscapeDataString(idOf(name))}"));
        var request = new HttpRequestMessage(new HttpMethod(Method), query.Length > 0 ? $"{path}?{query}" : path);
        if (Body is not null) request.Content = SiloUnderTest.Json(Filled(Body.DeepClone(), idOf).ToJsonString());
        return request;
    }

    private static bool IsId(string name) => name.EndsWith("Id", StringComparison.Ordinal) || name.EndsWith("Ids", StringComparison.Ordinal) || name == "aggregate";

    private static JsonNode Filled(JsonNode node, Func<string, string> idOf)
    {
        if (node is not JsonObject body) return node;
        foreach (var (name, value) in body.ToArray())
        {
            if (IsId(name)) body[name] = value is JsonArray ? new JsonArray(idOf(name)) : idOf(name);
            else if (value is not null) body[name] = Filled(value.DeepClone(), idOf);
        }

        return body;
    }

    private static IEnumerable<string> QueryOf(JsonElement described) => described.TryGetProperty("parameters", out var parameters)
        ? parameters.EnumerateArray().Where(static parameter => parameter.GetProperty("in").GetString() == "query").Select(static parameter => parameter.GetProperty("name").GetString()!)
        : [];

    private static JsonNode? BodyOf(JsonElement operation, JsonElement document) => operation.TryGetProperty("requestBody", out var body)
        ? Example(body.GetProperty("content").GetProperty("application/json").GetProperty("schema"), document, depth: 0)
        : null;

    private static JsonNode? Example(JsonElement schema, JsonElement document, int depth)
    {
        if (depth > 4) return null;
        if (schema.TryGetProperty("$ref", out var reference)) return Example(document.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]), document, depth);
        // What may be left out is: it is another case of the same operation.
        if (schema.TryGetProperty("oneOf", out _) || schema.TryGetProperty("anyOf", out _)) return null;
        if (schema.TryGetProperty("enum", out var values)) return JsonNode.Parse(values[0].GetRawText());
        var type = schema.TryGetProperty("type", out var named) ? named.ValueKind == JsonValueKind.Array ? named.EnumerateArray().Select(static one => one.GetString()).FirstOrDefault(static one => one != "null") : named.GetString() : "object";
        switch (type)
        {
            case "object":
                var made = new JsonObject();
                if (!schema.TryGetProperty("properties", out var properties)) return made;
                foreach (var property in properties.EnumerateObject()) made[property.Name] = Example(property.Value, document, depth + 1);
                return made;
            case "array":
                return new JsonArray();
            case "integer" or "number":
                return 1 << 20;
            case "boolean":
                return true;
            default:
                return schema.TryGetProperty("format", out var format) && format.GetString() == "date-time" ? "2026-01-01T00:00:00Z" : "x";
        }
    }
}
