namespace Tidegate.Cli.Errors;

/// <summary>What a <c>--wait</c> waited for failed, or took too long.</summary>
internal sealed class WaitException(int exitCode, string code, string message, string nextStep) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
    /// <summary>Name for scripts: <c>Failed</c> or <c>TimedOut</c>.</summary>
    public string Code { get; } = code;
    public string NextStep { get; } = nextStep;
}
