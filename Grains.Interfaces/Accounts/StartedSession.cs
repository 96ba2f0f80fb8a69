using System.Text;

namespace Tidegate.Grains.Interfaces.Accounts;

/// <summary>A session that has begun. Prints without its token.</summary>
/// <param name="Token">What the browser keeps: 43 base64url characters, stored nowhere else.</param>
/// <param name="Session">Whom it stands for.</param>
[GenerateSerializer, Immutable, Alias("tidegate.started-session")]
public sealed record StartedSession([property: Id(0)] string Token, [property: Id(1)] SessionDescription Session)
{
    private bool PrintMembers(StringBuilder builder)
    {
        builder.Append("Token = (redacted), Session = ").Append(Session);
        return true;
    }
}
