using System.Text.Json.Nodes;

namespace Tidegate.Tests.Benchmarks.Harness;

/// <summary>What a bench found; its JSON is the last line that the bench prints.</summary>
internal sealed class BenchReport(string bench)
{
    public SortedDictionary<string, Figure> Figures { get; } = new(StringComparer.Ordinal);

    /// <summary>Figures that could not be taken, with the reason.</summary>
    public SortedDictionary<string, string> Skipped { get; } = new(StringComparer.Ordinal);

    /// <summary>What a reader needs to judge the figures: settings, absolute numbers, bytes drained.</summary>
    public JsonObject Notes { get; } = [];

    public async Task<JsonObject> ToJsonAsync() => new()
    {
        ["bench"] = bench,
        ["machine"] = Machine.Describe(),
        ["commit"] = await Machine.CommitAsync(),
        ["figures"] = new JsonObject(Figures.Select(f => KeyValuePair.Create(f.Key, (JsonNode?)f.Value.ToJson()))),
        ["skipped"] = new JsonObject(Skipped.Select(s => KeyValuePair.Create(s.Key, (JsonNode?)s.Value))),
        ["notes"] = Notes.DeepClone(),
    };
}
