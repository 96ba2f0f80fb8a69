using System.Text.Json.Nodes;

namespace Tidegate.Tests.Kit.Processes;

/// <summary>What a finished program said.</summary>
public sealed record ProgramResult(string Command, int ExitCode, string Output, string Errors)
{
    /// <summary>Its output as JSON.</summary>
    public JsonObject Json => JsonNode.Parse(Output)!.AsObject();

    /// <summary>Throws with everything it said unless it exited 0.</summary>
    public ProgramResult Succeeded() => ExitCode == 0
        ? this
        : throw new InvalidOperationException($"'{Command}' exited with {ExitCode}\n{Errors}\n{Output}");
}
