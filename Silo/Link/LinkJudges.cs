using System.Reflection;

namespace Tidegate.Silo.Link;

/// <summary>
/// Who decides on frames and on calls: the rules, and nothing else in a service. It is a part of its own so that tests can plant a hole
/// and see that it is found.
/// </summary>
internal sealed record LinkJudges
{
    /// <summary>The rule that a client's frame breaks, or null (layer 2).</summary>
    public Func<FrameRules, FrameHeader, string?> Frame { get; init; } = static (rules, frame) => rules.Refusal(frame);

    /// <summary>Why a client may not make a call, or null: method, grain key, token, client id (layer 3).</summary>
    public Func<MethodInfo?, string, LinkToken?, string, string?> Call { get; init; } = CallPolicy.Refusal;
}
