using System.Buffers.Text;
using Tidegate.Silo.Blobs;
using Xunit;

namespace Tidegate.Tests.Unit.Silo;

public sealed class TicketSignerTests
{
    private static readonly DateTimeOffset Issued = new(2026, 5, 6, 7, 8, 9, TimeSpan.Zero);
    private const string Key = "428491170607/vol-1/1/7-aa";

    private readonly TicketSigner _signer = new(new byte[32]);

    [Fact]
    public void A_genuine_token_tells_when_it_was_issued_and_ends()
    {
        var token = _signer.Sign(TicketMethod.Put, Key, Issued, Issued.AddSeconds(60));
        Assert.Equal((Issued, Issued.AddSeconds(60)), _signer.Verify(token, TicketMethod.Put, Key));
    }

    [Fact]
    public void A_token_opens_one_blob_for_one_method()
    {
        var token = _signer.Sign(TicketMethod.Get, Key, Issued, Issued.AddSeconds(60));
        Assert.Null(_signer.Verify(token, TicketMethod.Put, Key));
        Assert.Null(_signer.Verify(token, TicketMethod.Get, Key + "0"));
        Assert.Null(_signer.Verify(token, TicketMethod.Get, Key[..^1]));
        Assert.Null(new TicketSigner([.. Enumerable.Repeat((byte)1, 32)]).Verify(token, TicketMethod.Get, Key));
    }

    [Fact]
    public void A_token_with_any_bit_changed_is_refused()
    {
        var bytes = Base64Url.DecodeFromChars(_signer.Sign(TicketMethod.Put, Key, Issued, Issued.AddSeconds(60)));
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(_signer.Verify(Base64Url.EncodeToString(bytes), TicketMethod.Put, Key));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        Assert.NotNull(_signer.Verify(Base64Url.EncodeToString(bytes), TicketMethod.Put, Key));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("****")]
    public void What_is_no_token_is_refused(string? token) => Assert.Null(_signer.Verify(token, TicketMethod.Put, Key));

    [Fact]
    public void A_token_with_padding_spaces_or_more_is_refused()
    {
        var token = _signer.Sign(TicketMethod.Put, Key, Issued, Issued.AddSeconds(60));
        foreach (var altered in new[] { token + "==", " " + token, token + "A", token[..^1], token[..^1] + " ", token[..^1] + "*", token[..^1] + (char)(token[^1] + 1) })
            Assert.Null(_signer.Verify(altered, TicketMethod.Put, Key));
    }
}
