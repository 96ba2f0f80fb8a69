using Tidegate.Cli.Output;
using Xunit;

namespace Tidegate.Tests.Unit.Cli;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("4096", 4096)]
    [InlineData("4GiB", 4L << 30)]
    [InlineData("4 gib", 4L << 30)]
    [InlineData("4G", 4L << 30)]
    [InlineData("1.5TiB", 3L << 39)]
    [InlineData("10GB", 10_000_000_000)]
    [InlineData("512B", 512)]
    public void Sizes_are_read_as_people_write_them(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-1GiB")]
    [InlineData("GiB")]
    [InlineData("4XiB")]
    [InlineData("0.0001KiB")]
    [InlineData("9999999999999TiB")]
    [InlineData("1e3")]
    public void Everything_else_is_refused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(1L << 30, "1 GiB")]
    public void Sizes_print_in_the_unit_that_fits(long bytes, string text) => Assert.Equal(text, ByteSize.Format(bytes));
}
