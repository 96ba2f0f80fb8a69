using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Silo.Api;
using Xunit;

namespace Tidegate.Tests.Unit.Silo;

public sealed class ErrorTableTests
{
    [Fact]
    public void Every_error_code_has_its_status_and_no_other_has()
    {
        var codes = typeof(ErrorCodes).GetFields().Select(field => (string)field.GetValue(null)!);
        Assert.Equal(codes.Order(), ErrorTable.Entries.Keys.Order());
        Assert.All(ErrorTable.Entries.Values, entry => Assert.InRange(entry.Status, 400, 599));
    }

    [Fact]
    public void Errors_that_may_pass_by_themselves_are_told_apart_from_those_that_may_not()
    {
        foreach (var (code, (status, _)) in ErrorTable.Entries)
        {
            if (status is 429 or 503 or 504) Assert.True(new TidegateException(code, "").IsTransient, code);
        }
    }

    [Fact]
    public void An_unknown_code_is_a_fault_of_ours() => Assert.Equal(500, ErrorTable.For("Invented").Status);

    [Theory]
    [InlineData(404, ErrorCodes.NotFound)]
    [InlineData(405, ErrorCodes.InvalidArgument)]
    [InlineData(415, ErrorCodes.InvalidArgument)]
    [InlineData(503, ErrorCodes.Unavailable)]
    [InlineData(500, ErrorCodes.Internal)]
    public void A_status_of_the_server_itself_has_a_code(int status, string code) => Assert.Equal(code, ErrorTable.CodeFor(status));
}
