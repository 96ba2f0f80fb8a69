using Tidegate.Grains.Accounts;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Ids;
using Tidegate.Grains.Interfaces.Security;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class UserTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly UserSpecification Alice = new("Alice", "123456789012", Role.AccountAdmin);
    private static readonly PasswordHash Password = new(new byte[16], PasswordHasher.Rounds, new byte[32]);
    private static readonly SessionOrigin Here = new("127.0.0.1", "a browser");

    private static UserState Made() => UserMachine.Create(new UserState(), Alice, Password, "", Start).Next!;

    private static UserState SignedIn(UserState state, string token, DateTimeOffset at) => UserMachine.SignedIn(state, UserMachine.HashOf(token), Here, null, at).Next!;

    private static bool IsOpen(UserState state, string token, DateTimeOffset at) => UserMachine.Find(state, UserMachine.HashOf(token), at) is not null;

    [Fact]
    public void A_session_ends_so_long_after_its_last_use_and_after_its_beginning()
    {
        var state = SignedIn(Made(), "t", Start);
        Assert.True(IsOpen(state, "t", Start + UserMachine.IdleLimit - TimeSpan.FromTicks(1)));
        Assert.False(IsOpen(state, "t", Start + UserMachine.IdleLimit));
        var now = Start;
        for (; now + TimeSpan.FromMinutes(20) < Start + UserMachine.SessionLimit; state = UserMachine.Used(state, UserMachine.HashOf("t"), now).Next!)
        {
            now += TimeSpan.FromMinutes(20);
            Assert.True(IsOpen(state, "t", now));
        }

        Assert.False(IsOpen(state, "t", Start + UserMachine.SessionLimit));
    }

    [Fact]
    public void A_use_is_noted_once_a_minute_and_never_wakes_a_session_that_has_ended()
    {
        var state = SignedIn(Made(), "t", Start);
        Assert.Null(UserMachine.Used(state, UserMachine.HashOf("t"), Start.AddSeconds(59)).Next);
        Assert.NotNull(UserMachine.Used(state, UserMachine.HashOf("t"), Start.AddSeconds(60)).Next);
        Assert.Null(UserMachine.Used(state, UserMachine.HashOf("t"), Start + UserMachine.IdleLimit).Next);
        Assert.Null(UserMachine.Used(state, UserMachine.HashOf("other"), Start.AddMinutes(5)).Next);
    }

    [Fact]
    public void The_oldest_session_gives_way_to_one_too_many()
    {
        var state = Made();
        for (var i = 0; i <= UserMachine.MaxSessions; i++) state = SignedIn(state, $"t{i}", Start.AddSeconds(i));
        Assert.Equal(UserMachine.MaxSessions, state.Sessions.Length);
        Assert.False(IsOpen(state, "t0", Start.AddMinutes(1)));
        Assert.True(IsOpen(state, "t1", Start.AddMinutes(1)));
    }

    [Fact]
    public void A_password_that_is_set_ends_all_sessions_but_the_one_it_was_set_in()
    {
        var state = SignedIn(SignedIn(Made(), "a", Start), "b", Start);
        var changed = UserMachine.PasswordSet(state, Password, UserMachine.HashOf("b"), Start).Next!;
        Assert.Equal((false, true), (IsOpen(changed, "a", Start), IsOpen(changed, "b", Start)));
        Assert.Empty(UserMachine.PasswordSet(state, Password, null, Start).Next!.Sessions);
        Assert.Equal((false, true), (IsOpen(UserMachine.SignedOut(state, UserMachine.HashOf("a"), Start).Next!, "a", Start), IsOpen(state, "b", Start)));
        Assert.Empty(UserMachine.SignedOutEverywhere(state).Next!.Sessions);
    }

    [Fact]
    public void A_user_is_made_once_and_a_deleted_name_is_free_without_anything_of_before()
    {
        var state = SignedIn(Made(), "t", Start);
        Assert.Equal(ErrorCodes.NameInUse, Assert.Throws<TidegateException>(() => UserMachine.Create(state, Alice, Password, "", Start)).Code);
        var deleted = UserMachine.Deleted(state).Next!;
        Assert.Equal((null, 0), (deleted.Password, deleted.Sessions.Length));
        Assert.Null(UserMachine.Deleted(deleted).Next);
        var again = UserMachine.Create(deleted, Alice with { AccountId = "210987654321" }, Password, "", Start).Next!;
        Assert.Equal("210987654321", again.AccountId);
        Assert.False(IsOpen(again, "t", Start));
    }

    [Fact]
    public void A_mapping_that_gives_other_rights_ends_the_sessions_with_the_old_ones()
    {
        var state = SignedIn(Made(), "t", Start);
        Assert.Null(UserMachine.Mapped(state, Alice).Next);
        var mapped = UserMachine.Mapped(state, new UserSpecification("Alice", "", Role.Operator)).Next!;
        Assert.Equal((Role.Operator, "", 0), (mapped.Role, mapped.AccountId, mapped.Sessions.Length));
    }

    [Fact]
    public void What_a_browser_says_of_itself_is_cut_and_stripped()
    {
        var session = UserMachine.SignedIn(Made(), UserMachine.HashOf("t"), new SessionOrigin("1", "a\r\n\0" + new string('b', 500)), null, Start).Result;
        Assert.Equal("a" + new string('b', 159), session.Origin.Browser);
    }

    [Fact]
    public void One_address_is_refused_after_its_failures_and_the_user_after_all_of_them()
    {
        var failures = new SignInFailures();
        for (var i = 0; i < SignInFailures.MaxOfAddress; i++)
        {
            Assert.False(failures.IsBlocked("a", Start));
            failures.Failed("a", Start);
        }

        Assert.Equal((true, false), (failures.IsBlocked("a", Start), failures.IsBlocked("b", Start)));
        for (var i = SignInFailures.MaxOfAddress; i < SignInFailures.MaxOfUser; i++) failures.Failed($"x{i}", Start);
        Assert.True(failures.IsBlocked("b", Start));
        Assert.Equal((false, false), (failures.IsBlocked("a", Start + SignInFailures.Window), failures.IsBlocked("b", Start + SignInFailures.Window)));
    }

    [Fact]
    public async Task A_password_is_its_hashs_alone_and_nobodys_hash_is_nobodys()
    {
        using var hasher = new PasswordHasher();
        var hash = await hasher.HashAsync("correct horse battery");
        Assert.Equal(PasswordHasher.Rounds, hash.Rounds);
        Assert.True(await hasher.IsRightAsync("correct horse battery", hash));
        Assert.False(await hasher.IsRightAsync("correct horse batterz", hash));
        Assert.False(await hasher.IsRightAsync("", null));
    }

    [Theory]
    [InlineData("short")]
    [InlineData("my name is alice")]
    [InlineData(null)]
    public void Passwords_that_will_not_do_are_refused(string? password) =>
        Assert.Equal(ErrorCodes.InvalidArgument, Assert.Throws<TidegateException>(() => PasswordHasher.Require(password, "Alice")).Code);

    [Fact]
    public void A_users_id_follows_from_its_name_whatever_the_case()
    {
        var id = UserNames.IdOf("alice@example.net");
        Assert.True(ResourceId.IsValid(ResourceKind.User, id));
        Assert.Equal(id, UserNames.IdOf("Alice@Example.NET"));
        foreach (var bad in new[] { null, "", "a b", "<b>", new string('a', 65), "\u00fc" }) Assert.Null(UserNames.IdOf(bad));
    }

    [Fact]
    public void What_holds_a_secret_prints_without_it()
    {
        var session = UserMachine.Describe(Made(), "usr-0", new SavedSession(new byte[32], Here, Start, Start));
        Assert.DoesNotContain("secret-token", new StartedSession("secret-token", session).ToString(), StringComparison.Ordinal);
    }
}
