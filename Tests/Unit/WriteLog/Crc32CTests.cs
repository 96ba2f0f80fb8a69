using Tidegate.GatewayAgent.WriteLog;
using Xunit;

namespace Tidegate.Tests.Unit.WriteLog;

/// <summary>CRC-32C against published check values and against the bit-by-bit definition.</summary>
public sealed class Crc32CTests
{
    [Fact]
    public void Published_check_values_hold()
    {
        Assert.Equal(0xE3069283u, Crc32C.Compute("123456789"u8));
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Compute(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0u, Crc32C.Compute([]));
    }

    [Fact]
    public void Every_length_around_the_lanes_agrees_with_the_definition()
    {
        var random = new Random(3);
        var data = new byte[3 * 3 * 1344 + 50];
        random.NextBytes(data);
        foreach (var length in (int[])[1, 7, 8, 9, 4031, 4032, 4033, 4096, 8063, 8064, 8065, data.Length])
        {
            var at = random.Next(data.Length - length + 1);
            Assert.Equal(BitByBit(data.AsSpan(at, length)), Crc32C.Compute(data.AsSpan(at, length)));
        }
    }

    private static uint BitByBit(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
        }
        return ~crc;
    }
}
