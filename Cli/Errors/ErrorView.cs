namespace Tidegate.Cli.Errors;

/// <summary>An error with <c>--output json</c>, one line on standard error.</summary>
/// <param name="Code">One of the service's error codes, or <c>Failed</c>, <c>TimedOut</c>.</param>
/// <param name="Message">What happened, to what.</param>
/// <param name="NextStep">What to do next.</param>
internal sealed record ErrorView(string Code, string Message, string? NextStep);
