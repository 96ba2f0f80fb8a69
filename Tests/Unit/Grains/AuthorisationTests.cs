using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Security;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

/// <summary>The second gate: whose the resource is, within which bounds, and only then the role (I10).</summary>
public sealed class AuthorisationTests
{
    private const string Account = "123456789012";
    private const string Volume = "vol-00000000000000000001";

    [Theory]
    [InlineData(Role.Operator, "", "", null)]
    [InlineData(Role.AccountAdmin, Account, "", null)]
    [InlineData(Role.AccountAdmin, Account, Volume, null)]
    [InlineData(Role.Uploader, Account, "", null)]
    [InlineData(Role.Reader, Account, "", ErrorCodes.Forbidden)]
    [InlineData(Role.Reader, "210987654321", "", ErrorCodes.NotFound)]
    [InlineData(Role.AccountAdmin, "210987654321", "", ErrorCodes.NotFound)]
    [InlineData(Role.AccountAdmin, "", "", ErrorCodes.NotFound)]
    [InlineData(Role.AccountAdmin, Account, "vol-00000000000000000002", ErrorCodes.NotFound)]
    [InlineData(Role.Agent, Account, "", ErrorCodes.NotFound)]
    [InlineData(Role.None, Account, "", ErrorCodes.NotFound)]
    public void Who_may_bring_data_into_a_volume(Role role, string accountId, string bounds, string? refusal)
    {
        RequestContext.Set(Caller.ContextKey, new Caller(role, accountId, "", "somebody") { Volumes = bounds });
        Assert.Equal(refusal, CodeOf(() => Authorisation.Require(Roles.Uploaders, Account, $"Volume {Volume}", Volume)));
    }

    [Fact]
    public void What_belongs_to_no_volume_is_outside_all_bounds_and_what_nobody_owns_is_the_operators_alone()
    {
        RequestContext.Set(Caller.ContextKey, new Caller(Role.AccountAdmin, Account, "", "somebody") { Volumes = Volume });
        Assert.Equal(ErrorCodes.NotFound, CodeOf(() => Authorisation.Require(Roles.Readers, Account, "Gateway")));
        Assert.Null(CodeOf(() => Authorisation.Require(Roles.Readers, Account, "Origin", null)));
        RequestContext.Set(Caller.ContextKey, new Caller(Role.AccountAdmin, "", "", "somebody"));
        Assert.Equal(ErrorCodes.NotFound, CodeOf(() => Authorisation.Require(Roles.Readers, "", "Session")));
    }

    private static string? CodeOf(Action call) => (Record.Exception(call) as TidegateException)?.Code;
}
