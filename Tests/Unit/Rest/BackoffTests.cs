using Tidegate.Client.Rest;
using Xunit;

namespace Tidegate.Tests.Unit.Rest;

public sealed class BackoffTests
{
    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 200)]
    [InlineData(5, 1600)]
    [InlineData(6, 2000)]
    [InlineData(1000, 2000)]
    public void Waits_double_up_to_a_cap_and_keep_at_least_half(int failures, int fullMilliseconds)
    {
        for (var n = 0; n < 200; n++)
        {
            var wait = Backoff.After(failures, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2)).TotalMilliseconds;
            Assert.InRange(wait, fullMilliseconds / 2.0, fullMilliseconds);
        }
    }
}
