using System.Runtime.InteropServices;
using Tidegate.GatewayAgent.Devices;

namespace Tidegate.Tests.Kit.Service;

/// <summary>
/// One client that asks of a volume what a bare disk promises: after a crash each sector holds what it was given by the last flush, or
/// anything that it was given since. Each operation has a value of its own.
/// </summary>
internal sealed class BareDiskWriter(long sizeBytes, int seed)
{
    private const int SectorBytes = 4096;
    // Half of a write that no flush covered: a bare disk's to leave.
    private const int Torn = -1;
    private readonly Random _random = new(seed);
    private readonly List<int>[] _possible = [.. Enumerable.Range(0, (int)(sizeBytes / SectorBytes)).Select(static _ => new List<int> { 0 })];
    private int _nextValue = 1;

    /// <summary>Begins from what a store holds.</summary>
    public void StartFrom(byte[] image)
    {
        foreach (var (sector, value) in Decode(image).Index())
            _possible[sector] = [value];
        _nextValue = Math.Max(_nextValue, _possible.Max(static values => values[0]) + 1);
    }

    /// <summary>Issues one write, discard or zeroing and waits for its answer.</summary>
    public async Task StepAsync(IBlockDevice device)
    {
        var first = _random.Next(_possible.Length);
        var count = Math.Min(_random.Next(1, 9), _possible.Length - first);
        var kind = _random.Next(12);
        var value = kind < 10 ? _nextValue++ : 0;
        for (var sector = first; sector < first + count; sector++)
            _possible[sector].Add(value);
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
    }

    /// <summary>Issues operations one after the other.</summary>
    public async Task StepsAsync(IBlockDevice device, int operations)
    {
        for (var i = 0; i < operations; i++)
            await StepAsync(device);
    }

    /// <summary>Flushes: from now on every sector has its last value for good.</summary>
    public async Task FlushAsync(IBlockDevice device)
    {
        await device.FlushAsync(CancellationToken.None);
        foreach (var values in _possible)
            values.RemoveRange(0, values.Count - 1);
    }

    /// <summary>What the volume must be while nothing crashed.</summary>
    public void Check(byte[] image) => Hold(image, static (value, values) => value == values[^1]);

    /// <summary>After a crash: what is there now must be allowed, and is what counts from now on.</summary>
    public void Recover(byte[] image)
    {
        Hold(image, static (value, values) => values.Contains(value) || (value == Torn && values.Count > 1));
        StartFrom(image);
    }

    private void Hold(byte[] image, Func<int, List<int>, bool> isAllowed)
    {
        foreach (var (sector, value) in Decode(image).Index())
        {
            if (!isAllowed(value, _possible[sector]))
                throw new InvalidOperationException($"Sector {sector} holds {value}; it may hold one of {string.Join(", ", _possible[sector])}.");
        }
    }

    private static int[] Decode(byte[] image)
    {
        var state = new int[image.Length / SectorBytes];
        for (var sector = 0; sector < state.Length; sector++)
        {
            var words = MemoryMarshal.Cast<byte, long>(image.AsSpan(sector * SectorBytes, SectorBytes));
            state[sector] = words.ContainsAnyExcept(words[0]) ? Torn : (int)words[0];
        }
        return state;
    }
}
