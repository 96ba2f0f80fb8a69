using System.Runtime.InteropServices;
using Tidegate.GatewayAgent.Devices;

namespace Tidegate.Tests.Kit.Service;

/// <summary>
/// One client that changes a volume one operation after the other, each with a value of its own, and remembers the whole volume
/// after each: any later image can be held against the write order.
/// </summary>
internal sealed class SequentialWriter(long sizeBytes, int seed)
{
    private const int SectorBytes = 4096;
    private readonly Random _random = new(seed);
    private readonly List<int[]> _states = [new int[sizeBytes / SectorBytes]];
    private int _nextValue = 1;

    /// <summary>Operations issued; those up to <see cref="Completed"/> were answered.</summary>
    public int Issued => _states.Count - 1;

    /// <summary>Operations answered.</summary>
    public int Completed { get; private set; }

    /// <summary>Begins from what a volume holds.</summary>
    public void StartFrom(byte[] image)
    {
        _states.Clear();
        _states.Add(Decode(image));
        _nextValue = Math.Max(_nextValue, _states[0].Max() + 1);
        Completed = 0;
    }

    /// <summary>Issues operations one after the other.</summary>
    public async Task StepsAsync(IBlockDevice device, int operations)
    {
        for (var i = 0; i < operations; i++)
            await StepAsync(device);
    }

    /// <summary>Issues one write, discard or zeroing and waits for its answer.</summary>
    public async Task StepAsync(IBlockDevice device)
    {
        var state = _states[^1].ToArray();
        var first = _random.Next(state.Length);
        var count = Math.Min(_random.Next(1, 9), state.Length - first);
        var kind = _random.Next(12);
        var value = kind < 10 ? _nextValue++ : 0;
        state.AsSpan(first, count).Fill(value);
        _states.Add(state);
        var (offset, length) = ((long)first * SectorBytes, count * SectorBytes);
        if (kind < 10)
        {
            var data = new byte[length];
            MemoryMarshal.Cast<byte, long>(data.AsSpan()).Fill(value);
            await device.WriteAsync(offset, data, fua: false, CancellationToken.None);
        }
        else if (kind == 10)
        {
            await device.DiscardAsync(offset, length, fua: false, CancellationToken.None);
        }
        else
        {
            await device.WriteZeroesAsync(offset, length, fua: false, CancellationToken.None);
        }
        Completed = Issued;
    }

    /// <summary>Every number of operations after which the volume was exactly this image; empty when it never was.</summary>
    public IReadOnlyList<int> PrefixesOf(byte[] image)
    {
        var state = Decode(image);
        return [.. Enumerable.Range(0, _states.Count).Where(count => _states[count].AsSpan().SequenceEqual(state))];
    }

    /// <summary>After a crash: what is there now is the end of the history, and must be one of its states.</summary>
    public void Recover(byte[] image, int atLeast)
    {
        var prefixes = PrefixesOf(image);
        if (prefixes.Count == 0 || prefixes[^1] < atLeast)
            throw new InvalidOperationException($"After the crash the volume is no prefix of at least {atLeast} operations (it is one of {string.Join(", ", prefixes)}).");
        _states.RemoveRange(prefixes[^1] + 1, _states.Count - prefixes[^1] - 1);
        Completed = Issued;
    }

    private static int[] Decode(byte[] image)
    {
        var state = new int[image.Length / SectorBytes];
        for (var sector = 0; sector < state.Length; sector++)
        {
            var words = MemoryMarshal.Cast<byte, long>(image.AsSpan(sector * SectorBytes, SectorBytes));
            if (words.ContainsAnyExcept(words[0]))
                throw new InvalidOperationException($"Sector {sector} mixes the bytes of several operations.");
            state[sector] = (int)words[0];
        }
        return state;
    }
}
