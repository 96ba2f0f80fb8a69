namespace Tidegate.Cli.Output;

/// <summary>The answer of a command that has nothing else to show.</summary>
/// <param name="Id">What it was done to.</param>
/// <param name="Done">What was done: <c>deleted</c>, <c>deactivated</c>.</param>
internal sealed record DoneView(string Id, string Done);
