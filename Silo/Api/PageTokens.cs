using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Silo.Api;

/// <summary>
/// Page tokens: where a page ended, sealed to the list, its filters and the caller's account. Clients cannot read
/// meaning into them, make them, or carry them to another list.
/// </summary>
internal sealed class PageTokens(byte[] secret)
{
    private const int TagBytes = 16;

    private readonly byte[] _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, HMACSHA256.HashSizeInBytes, info: "tidegate page tokens 1"u8.ToArray());

    /// <summary>A token for the place <paramref name="position"/> in the list <paramref name="list"/>.</summary>
    public string Write(string list, params IReadOnlyList<string> position)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(position);
        return Base64Url.EncodeToString([.. Tag(list, body), .. body]);
    }

    /// <summary>The place in the list; null for no token. Throws <c>InvalidArgument</c> for a token that is not this list's.</summary>
    public IReadOnlyList<string>? Read(string list, string? token)
    {
        if (string.IsNullOrEmpty(token)) return null;
        if (token.Length <= 1024 && Base64Url.IsValid(token))
        {
            var bytes = Base64Url.DecodeFromChars(token);
            if (bytes.Length > TagBytes && CryptographicOperations.FixedTimeEquals(Tag(list, bytes.AsSpan(TagBytes)), bytes.AsSpan(0, TagBytes)))
                return JsonSerializer.Deserialize<string[]>(bytes.AsSpan(TagBytes));
        }

        throw new TidegateException(ErrorCodes.InvalidArgument, "The page token is not of this list.", "Begin again without pageToken, with the same filters on every page.");
    }

    private byte[] Tag(string list, ReadOnlySpan<byte> body)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        var name = Encoding.UTF8.GetBytes(list);
        mac.AppendData(BitConverter.GetBytes(name.Length));
        mac.AppendData(name);
        mac.AppendData(body);
        return mac.GetHashAndReset()[..TagBytes];
    }
}
