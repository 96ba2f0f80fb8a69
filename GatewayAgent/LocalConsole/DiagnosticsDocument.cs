namespace Tidegate.GatewayAgent.LocalConsole;

/// <summary>What a running agent adds to a support bundle (<c>docs/protocols/local-console.md</c>, Diagnostics). Holds no secret: each line went through the redactor.</summary>
/// <param name="Settings">Every setting in force, by name.</param>
/// <param name="Metrics">Counters of the agent's meters since it started, and figures of its process, by name.</param>
/// <param name="Log">The last log lines, oldest first.</param>
internal sealed record DiagnosticsDocument(IReadOnlyDictionary<string, string> Settings, IReadOnlyDictionary<string, double> Metrics, IReadOnlyList<string> Log);
