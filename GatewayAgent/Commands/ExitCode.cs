namespace Tidegate.GatewayAgent.Commands;

/// <summary>How <c>tidegate-agent</c> ends (<c>docs/protocols/cli.md</c>, Exit codes of the agent).</summary>
internal static class ExitCode
{
    public const int Success = 0;
    /// <summary>A fault that is none of the others; the log has it.</summary>
    public const int Failure = 1;
    /// <summary>The command line or the settings are wrong; every fault is named.</summary>
    public const int Usage = 2;
    /// <summary>The identity on disk is damaged or its key is open to others.</summary>
    public const int Identity = 3;
    /// <summary>Something local is in the way: the state directory is in use, an address is taken, a disk fails.</summary>
    public const int Local = 4;
    /// <summary>No agent answers.</summary>
    public const int NotRunning = 5;
    /// <summary>Verification found damage.</summary>
    public const int Damaged = 6;
    /// <summary>Interrupted.</summary>
    public const int Interrupted = 130;
}
