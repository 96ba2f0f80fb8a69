using Tidegate.Silo.Data;
using Xunit;

namespace Tidegate.Tests.Unit.Silo;

public sealed class DataRangeTests
{
    [Theory]
    [InlineData("bytes=0-0", 10, 0, 0)]
    [InlineData("bytes=2-5", 10, 2, 5)]
    [InlineData("bytes=5-", 10, 5, 9)]
    [InlineData("bytes=5-99", 10, 5, 9)]
    [InlineData("bytes=-3", 10, 7, 9)]
    [InlineData("bytes=-99", 10, 0, 9)]
    public void A_range_is_cut_at_the_blobs_end(string header, long length, long from, long to)
    {
        Assert.True(DataEndpoint.TryRange(header, length, out var first, out var last));
        Assert.Equal((from, to), (first, last));
    }

    [Theory]
    [InlineData("bytes=10-", 10)]
    [InlineData("bytes=5-4", 10)]
    [InlineData("bytes=-0", 10)]
    [InlineData("bytes=0-", 0)]
    [InlineData("bytes=0-1,4-5", 10)]
    [InlineData("lines=0-1", 10)]
    [InlineData("bytes", 10)]
    [InlineData("", 10)]
    [InlineData("bytes=99999999999999999999-", 10)]
    public void What_names_no_bytes_is_refused(string header, long length) => Assert.False(DataEndpoint.TryRange(header, length, out _, out _));
}
