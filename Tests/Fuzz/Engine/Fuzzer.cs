using System.Text.RegularExpressions;

namespace Tidegate.Tests.Fuzz.Engine;

/// <summary>
/// Feeds a target and holds it to its promise. An input whose outcome is new (the decoder's own words, without numbers) joins the pool that
/// mutations start from: our decoders name the field that they refuse, which tells how far an input came, as coverage would.
/// </summary>
internal sealed partial class Fuzzer(FuzzTarget target, int seed)
{
    private const int MaxPool = 2000;

    // Words that quote the input are never the same twice; the fuzzer's own memory must not be taken for the target's.
    private const int MaxOutcomes = 20_000;

    /// <summary>Longer than this no input may take; all of them are small. Not a pause of the machine: it counts when the input takes as long again.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private const int Repeats = 3;

    private readonly Mutator _mutator = new(new Random(seed), target);
    private readonly List<byte[]> _pool = [.. target.Seeds];
    private readonly HashSet<string> _outcomes = [];

    /// <summary>The input under way: what to look at when the decoder does not come back.</summary>
    public byte[] Current { get; private set; } = [];

    /// <summary>Inputs tried.</summary>
    public long Tried { get; private set; }

    /// <summary>Outcomes told apart.</summary>
    public int Outcomes => _outcomes.Count;

    /// <summary>Tries the seeds and the corpus; the first broken promise.</summary>
    public Finding? Replay(IEnumerable<byte[]> corpus)
    {
        foreach (var input in target.Seeds.Concat(corpus))
        {
            if (Try(input) is { } finding) return finding;
        }

        return null;
    }

    /// <summary>As <see cref="Run"/>; a decoder that does not come back within a time is a finding too, and keeps its thread.</summary>
    public async Task<Finding?> RunAsync(Func<bool> goesOn, TimeSpan within)
    {
        var running = Task.Factory.StartNew(() => Run(goesOn), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            return await running.WaitAsync(within);
        }
        catch (TimeoutException)
        {
            return new Finding(target.Name, Current, $"it has not come back; {within} have passed since the first input");
        }
    }

    /// <summary>Tries mutations while <paramref name="goesOn"/> says so; the first broken promise.</summary>
    public Finding? Run(Func<bool> goesOn)
    {
        while (goesOn())
        {
            if (Try(_mutator.Next(_pool)) is { } finding) return finding;
        }

        return null;
    }

    private Finding? Try(byte[] input)
    {
        Tried++;
        Current = input;
        var (began, allocated) = (TimeProvider.System.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        var outcome = "taken";
        try
        {
            // A decoder owns no bytes that it is given; the copy shows one that writes into them.
            target.Decode([.. input]);
        }
        catch (Exception refusal) when (target.Refusals.Any(type => type.IsInstanceOfType(refusal)))
        {
            outcome = Numbers().Replace(refusal.Message, "#");
        }
        catch (Exception other)
        {
            return new Finding(target.Name, input, $"an exception that is not documented: {other}");
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        var bound = target.FixedBytes + ((long)target.BytesPerByte * input.Length);
        if (allocated > bound) return new Finding(target.Name, input, $"it set aside {allocated} bytes for {input.Length}; the bound is {bound}");
        var took = TimeProvider.System.GetElapsedTime(began);
        if (took > Limit && Enumerable.Range(0, Repeats).All(_ => Time(input) > Limit)) return new Finding(target.Name, input, $"it took {took}, and longer than {Limit} each time");
        if (_outcomes.Count < MaxOutcomes && _outcomes.Add(outcome) && _pool.Count < MaxPool) _pool.Add(input);
        return null;
    }

    private TimeSpan Time(byte[] input)
    {
        var began = TimeProvider.System.GetTimestamp();
        try
        {
            target.Decode([.. input]);
        }
        catch (Exception refusal) when (target.Refusals.Any(type => type.IsInstanceOfType(refusal)))
        {
            // What it says is known already.
        }

        return TimeProvider.System.GetElapsedTime(began);
    }

    [GeneratedRegex("[0-9]+|0x[0-9a-f]+|'[^']*'")]
    private static partial Regex Numbers();
}
