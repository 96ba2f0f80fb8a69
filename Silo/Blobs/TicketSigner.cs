using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Silo.Blobs;

/// <summary>
/// Signs and checks ticket tokens (<c>docs/protocols/volume-data.md</c>, Tickets). A token is base64url of
/// <c>method (1: PUT, 2: GET) | issued | expires (Unix milliseconds, 8 bytes each, little-endian) | HMAC-SHA256</c>; the
/// MAC covers these and the blob key, so that a token opens one blob for one method.
/// </summary>
internal sealed class TicketSigner(byte[] secret)
{
    private const int HeadBytes = 1 + sizeof(long) + sizeof(long);
    private const int TokenBytes = HeadBytes + HMACSHA256.HashSizeInBytes;

    private readonly byte[] _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, HMACSHA256.HashSizeInBytes, info: "tidegate blob tickets 1"u8.ToArray());

    /// <summary>A token for one method on one blob.</summary>
    public string Sign(TicketMethod method, string blobKey, DateTimeOffset issuedAt, DateTimeOffset expiresAt)
    {
        Span<byte> token = stackalloc byte[TokenBytes];
        token[0] = (byte)method;
        BinaryPrimitives.WriteInt64LittleEndian(token[1..], issuedAt.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64LittleEndian(token[(1 + sizeof(long))..], expiresAt.ToUnixTimeMilliseconds());
        Mac(token[..HeadBytes], blobKey, token[HeadBytes..]);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>When a genuine token for this method and blob was issued and expires; null for any other token.</summary>
    public (DateTimeOffset IssuedAt, DateTimeOffset ExpiresAt)? Verify(string? token, TicketMethod method, string blobKey)
    {
        // One canonical text for each token: other encodings of the same bytes are no token.
        Span<byte> bytes = stackalloc byte[TokenBytes];
        if (token is null || token.Length != Base64Url.GetEncodedLength(TokenBytes) || !Base64Url.IsValid(token)) return null;
        if (Base64Url.DecodeFromChars(token, bytes) != TokenBytes || Base64Url.EncodeToString(bytes) != token) return null;
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Mac(bytes[..HeadBytes], blobKey, expected);
        if (!CryptographicOperations.FixedTimeEquals(expected, bytes[HeadBytes..]) || bytes[0] != (byte)method) return null;
        return (DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(bytes[1..])),
            DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(bytes[(1 + sizeof(long))..])));
    }

    private void Mac(ReadOnlySpan<byte> head, string blobKey, Span<byte> destination)
    {
        var key = Encoding.UTF8.GetBytes(blobKey);
        Span<byte> message = stackalloc byte[HeadBytes + key.Length];
        head.CopyTo(message);
        key.CopyTo(message[HeadBytes..]);
        HMACSHA256.HashData(_key, message, destination);
    }
}
