using System.Text;
using Microsoft.Extensions.Time.Testing;
using Tidegate.BlockStore.Segments;
using Tidegate.Grains.Accounts;
using Tidegate.Grains.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Api;
using Tidegate.Silo.Blobs;
using Tidegate.Silo.Link;
using Tidegate.Tests.Fuzz.Engine;

namespace Tidegate.Tests.Fuzz.Targets;

/// <summary>Tokens, tickets, keys and names: text from outside (<c>docs/protocols</c>). One byte is one character.</summary>
internal static class TextTargets
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(56);
    private static readonly byte[] Secret = new byte[32];

    public static FuzzTarget LinkToken()
    {
        var tokens = new LinkTokenService(Secret, new FakeTimeProvider(Now));
        return Of("link-token", tokens.Issue(new Caller(Role.Agent, "123456789012", "gw-1", "gw-1"), new string('A', 64), "gw-1-x").Token, text => tokens.Verify(text));
    }

    public static FuzzTarget BlobTicket()
    {
        var signer = new TicketSigner(Secret);
        return Of("blob-ticket", signer.Sign(TicketMethod.Put, "a/b/c/d", Now, Now.AddMinutes(1)), text => signer.Verify(text, TicketMethod.Put, "a/b/c/d"));
    }

    public static FuzzTarget PageToken()
    {
        var tokens = new PageTokens(Secret);
        return Of("page-token", tokens.Write("list", "2026", "vol-1"), text => tokens.Read("list", text), typeof(TidegateException));
    }

    public static FuzzTarget ActivationKey() => Of("activation-key", ActivationKeyText.Format(new byte[16]), static text => ActivationKeyText.SessionIdOfTyped(text));

    public static FuzzTarget ApiKey() => Of("api-key", "tgk_" + new string('0', 20) + "_" + new string('A', 43), static text => ApiKeyText.TryParse(text, out _, out _));

    public static FuzzTarget BlobKey() => Of(
        "blob-key", $"{Fixed.Owner.AccountId}/{Fixed.Owner.VolumeId}/0000000000000002/0000000000000003-{new BlobNonce(4)}",
        static text => _ = BlockStore.Blobs.BlobKey.IsValid(text) && SegmentIdentity.TryParseDataKey(text, 1, out _));

    private static FuzzTarget Of(string name, string seed, Action<string> decode, params Type[] refusals) => new(
        name, [Encoding.Latin1.GetBytes(seed)], bytes => decode(Encoding.Latin1.GetString(bytes)), refusals)
    {
        MaxBytes = 4096,
        Words = ["-"u8.ToArray(), "/"u8.ToArray(), "."u8.ToArray(), "_"u8.ToArray(), "="u8.ToArray(), "/../"u8.ToArray(), [0], [0xE9], [0xFF]],
    };
}
