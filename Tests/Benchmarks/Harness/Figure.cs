using System.Text.Json.Nodes;

namespace Tidegate.Tests.Benchmarks.Harness;

/// <summary>One measured figure: the median of its rounds and their range.</summary>
internal sealed record Figure(double Value, string Unit, double Min, double Max, int Runs, string? Peer)
{
    /// <summary>The median, least and greatest of a figure's rounds.</summary>
    public static Figure Of(IReadOnlyCollection<double> rounds, string unit, string? peer = null)
    {
        var sorted = rounds.Order().ToArray();
        var middle = sorted.Length / 2;
        var median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Figure(median, unit, sorted[0], sorted[^1], sorted.Length, peer);
    }

    public JsonObject ToJson()
    {
        var json = new JsonObject { ["value"] = Round(Value), ["unit"] = Unit, ["min"] = Round(Min), ["max"] = Round(Max), ["runs"] = Runs };
        if (Peer is not null)
            json["peer"] = Peer;
        return json;
    }

    private static double Round(double value) => value == 0 ? 0 : Math.Round(value, Math.Max(0, 3 - (int)Math.Floor(Math.Log10(Math.Abs(value)))));
}
