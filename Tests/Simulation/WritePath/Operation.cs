namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>One change as a client sees it. Times are ticks of the model; an unfinished one completes at infinity.</summary>
internal sealed class Operation(int id, int firstUnit, int endUnit, bool zeroes, long issued)
{
    /// <summary>What its units hold: the id for a write, 0 for zeroes and discards.</summary>
    internal int Value { get; } = zeroes ? 0 : id;
    internal int Id { get; } = id;
    internal int FirstUnit { get; } = firstUnit;
    internal int EndUnit { get; } = endUnit;
    internal long Issued { get; } = issued;
    internal long Completed { get; set; } = long.MaxValue;
    internal bool IsDurable { get; set; }

    internal bool Covers(int unit) => unit >= FirstUnit && unit < EndUnit;
}
