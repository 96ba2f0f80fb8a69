using System.Runtime.InteropServices;

namespace Tidegate.Tests.Simulation.WritePath;

/// <summary>
/// What clients may see, from what they did alone (no knowledge of the log): a value is possible unless an operation that
/// counts was issued after it completed.
/// </summary>
internal sealed class ClientModel(int units)
{
    internal const int UnitBytes = 512;
    private readonly int[] _base = new int[units];
    private List<Operation> _operations = [];
    private int _nextId = 1;
    private long _tick;

    internal Operation Issue(int firstUnit, int endUnit, bool zeroes)
    {
        var operation = new Operation(_nextId++, firstUnit, endUnit, zeroes, ++_tick);
        _operations.Add(operation);
        return operation;
    }

    internal void Complete(Operation operation) => operation.Completed = ++_tick;

    internal long Tick() => ++_tick;

    /// <summary>A flush that was issued at a tick was acknowledged.</summary>
    internal void MarkDurable(long flushIssued)
    {
        foreach (var operation in _operations)
            operation.IsDurable |= operation.Completed < flushIssued;
    }

    internal static void Fill(Operation operation, Span<byte> data) =>
        MemoryMarshal.Cast<byte, long>(data).Fill(operation.Value);

    /// <summary>The values of units; bytes of two operations in one unit are a violation.</summary>
    internal static int[] Decode(ReadOnlySpan<byte> bytes)
    {
        var values = new int[bytes.Length / UnitBytes];
        for (var unit = 0; unit < values.Length; unit++)
        {
            var words = MemoryMarshal.Cast<byte, long>(bytes.Slice(unit * UnitBytes, UnitBytes));
            if (words.ContainsAnyExcept(words[0]))
                throw new Violation($"unit {unit} mixes the bytes of several operations");
            values[unit] = (int)words[0];
        }
        return values;
    }

    /// <summary>Checks a state: what <paramref name="counts"/> must be in it or be overwritten; what was issued after <paramref name="before"/> must not.</summary>
    internal void Check(int[] state, int firstUnit, string when, Func<Operation, bool> counts, long before = long.MaxValue)
    {
        for (var at = 0; at < state.Length; at++)
        {
            if (!IsPossible(firstUnit + at, state[at], counts, before))
                throw new Violation($"{when}: unit {firstUnit + at} holds {state[at]}; {Explain(firstUnit + at)}");
        }
    }

    /// <summary>A new life begins with what was found.</summary>
    internal void Restart(int[] state)
    {
        state.CopyTo(_base, 0);
        _operations = [];
    }

    /// <summary>What nobody flushed may be gone, though the machine kept its power.</summary>
    internal void LoseUnflushed()
    {
        foreach (var operation in _operations.Where(operation => !operation.IsDurable))
            operation.Completed = long.MaxValue;
    }

    private bool IsPossible(int unit, int value, Func<Operation, bool> counts, long before)
    {
        long lastCounting = 0;
        foreach (var operation in _operations)
        {
            if (operation.Covers(unit) && counts(operation))
                lastCounting = Math.Max(lastCounting, operation.Issued);
        }
        if (value == _base[unit] && lastCounting == 0)
            return true;
        foreach (var operation in _operations)
        {
            if (operation.Covers(unit) && operation.Value == value && operation.Completed >= lastCounting && operation.Issued < before)
                return true;
        }
        return false;
    }

    private string Explain(int unit) => $"base {_base[unit]}, then " + string.Join(", ",
        _operations.Where(operation => operation.Covers(unit)).TakeLast(6).Select(operation =>
            $"#{operation.Id}={operation.Value} [{operation.Issued}..{(operation.Completed == long.MaxValue ? "" : operation.Completed)}]{(operation.IsDurable ? " durable" : "")}"));
}
