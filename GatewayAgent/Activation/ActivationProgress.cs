using System.Text;
using Tidegate.GatewayAgent.Identity;

namespace Tidegate.GatewayAgent.Activation;

/// <summary>
/// The durable state of an activation, <c>identity/activation.json</c>. It holds the activation key, so that a restarted
/// agent shows the same one; the folder is the owner's alone. Prints without it.
/// </summary>
/// <param name="Stage">How far it has come.</param>
/// <param name="ActivationKey">The key that people type; empty before a session.</param>
/// <param name="SessionId">The session; empty before it.</param>
/// <param name="AdvertiseUntil">By this machine's clock: the key is shown until then.</param>
/// <param name="PollSeconds">Seconds between polls, before jitter.</param>
/// <param name="Customer">The claim; null before it.</param>
internal sealed record ActivationProgress(
    ActivationStage Stage,
    string ActivationKey,
    string SessionId,
    DateTimeOffset AdvertiseUntil,
    double PollSeconds,
    CustomerInformation? Customer)
{
    public static readonly ActivationProgress Unopened = new(ActivationStage.Unopened, "", "", DateTimeOffset.UnixEpoch, 0, null);

    /// <summary>Where the service's console takes the key, as the service said with it.</summary>
    public Uri? ConsoleUrl { get; init; }

    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Stage = ").Append(Stage).Append(", SessionId = ").Append(SessionId).Append(", AdvertiseUntil = ").Append(AdvertiseUntil);
        return true;
    }
}
