using Tidegate.Grains.Interfaces.Security;

namespace Tidegate.Cli.Output;

/// <summary>A user that was made, with the password when it was drawn here: it is shown once.</summary>
internal sealed record CreatedUserView(string UserId, string Name, string AccountId, Role Role, Secret? Password);
