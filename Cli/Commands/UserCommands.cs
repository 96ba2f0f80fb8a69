using System.CommandLine;
using Tidegate.Cli.Errors;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Cli.Commands;

/// <summary><c>tidegate users</c>: who signs in to the console.</summary>
internal static class UserCommands
{
    private const string RoleWords = "reader|uploader|accountAdmin|operator";

    public static Command Create(GlobalOptions globals) => new("users", "People who sign in to the console: create, list, set-password, delete.")
    {
        Make(globals), List(globals), SetPassword(globals), Delete(globals),
    };

    private static Command Make(GlobalOptions globals)
    {
        var name = Name();
        var role = new Option<Role>("--role") { Description = "What the user may do: as an API key's role", HelpName = RoleWords, DefaultValueFactory = static _ => Role.Reader };
        var account = new Option<string?>("--account") { Description = "The account, for operators; otherwise it is the key's own", HelpName = "ACCOUNT" };
        var command = new Command("create", "Make a user.") { name, role, account };
        var passwords = new PasswordOptions(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var (password, isGenerated) = await passwords.ReadAsync(parsed, session.Printer, cancellation);
            var made = await session.Client.CreateUserAsync(
                new CreateUserRequest(parsed.GetValue(name)!, password, parsed.GetValue(role), parsed.GetValue(account)), cancellation);
            session.Printer.One(
                new CreatedUserView(made.UserId, made.Name, made.AccountId, made.Role, isGenerated ? password : null), CliJson.Default.CreatedUserView,
                ("User", made.Name), ("Id", made.UserId), ("Account", made.AccountId), ("Role", Printer.Word(made.Role)), ("Password", isGenerated ? password : null));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command List(GlobalOptions globals)
    {
        var command = new Command("list", "The account's users.");
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            IReadOnlyList<UserView> users = await session.Client.ListUsersAsync(cancellationToken: cancellation).ToListAsync(cancellation);
            session.Printer.Many(
                users, CliJson.Default.IReadOnlyListUserView, "No users yet: tidegate users create NAME", ["Name", "Role", "Account", "Made", "Id"],
                static user => [user.Name, Printer.Word(user.Role), user.AccountId, Printer.Time(user.CreatedAt), user.UserId]);
            return ExitCode.Success;
        });
        return command;
    }

    private static Command SetPassword(GlobalOptions globals)
    {
        var name = Name();
        var command = new Command("set-password", "Set a user's password; ends all its sessions.") { name };
        var passwords = new PasswordOptions(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var user = await FindAsync(session, parsed.GetValue(name)!, cancellation);
            var (password, isGenerated) = await passwords.ReadAsync(parsed, session.Printer, cancellation);
            await session.Client.SetUserPasswordAsync(user.UserId, new SetPasswordRequest(password), cancellation);
            session.Printer.One(
                new CreatedUserView(user.UserId, user.Name, user.AccountId, user.Role, isGenerated ? password : null), CliJson.Default.CreatedUserView,
                ("User", user.Name), ("Password", isGenerated ? password : "set"));
            return ExitCode.Success;
        });
        return command;
    }

    private static Command Delete(GlobalOptions globals)
    {
        var name = Name();
        var command = new Command("delete", "End a user and all its sessions.") { name };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var session = globals.Open(parsed);
            var user = await FindAsync(session, parsed.GetValue(name)!, cancellation);
            await session.Client.DeleteUserAsync(user.UserId, cancellation);
            session.Printer.One(new DoneView(user.UserId, "deleted"), CliJson.Default.DoneView, ("Deleted", user.Name));
            return ExitCode.Success;
        });
        return command;
    }

    private static Argument<string> Name() => new("NAME") { Description = "The user's name" };

    private static async Task<UserView> FindAsync(Session session, string name, CancellationToken cancellation) =>
        await session.Client.ListUsersAsync(cancellationToken: cancellation)
            .FirstOrDefaultAsync(user => string.Equals(user.Name, name, StringComparison.OrdinalIgnoreCase) || user.UserId == name, cancellation)
        ?? throw new TidegateException(ErrorCodes.NotFound, $"There is no user '{name}'.", "tidegate users list shows who there is.");
}
