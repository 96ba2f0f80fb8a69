using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;

namespace Tidegate.Silo.Pki;

/// <summary>
/// Keys of an external signer, a process that listens on a Unix socket (<c>docs/protocols/ca-signer.md</c>): no key is ever in this process. Each call is a connection of
/// its own, so a signer that was started again is found again. A signature is checked before it is believed.
/// </summary>
public sealed class SignerCaKeyProvider(string socketPath) : ICaKeyProvider
{
    /// <summary>Longest line in either direction, with its end.</summary>
    internal const int MaxLineBytes = 64 << 10;

    /// <summary>Version of the protocol.</summary>
    internal const int Version = 1;

    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public byte[] GetPublicKey(string name) => Ask(new SignerRequest(Version, "public-key", name)).PublicKey ?? throw Broken("it answered without a public key");

    /// <inheritdoc/>
    public byte[] Sign(string name, byte[] data)
    {
        var signature = Ask(new SignerRequest(Version, "sign", name, data)).Signature ?? throw Broken("it answered without a signature");
        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(GetPublicKey(name), out _);
        return key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)
            ? signature
            : throw Broken("its signature is not that of its public key");
    }

    /// <inheritdoc/>
    public void Create(string name) => GetPublicKey(name);

    private SignerReply Ask(SignerRequest request)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            (socket.SendTimeout, socket.ReceiveTimeout) = ((int)_limit.TotalMilliseconds, (int)_limit.TotalMilliseconds);
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            using var stream = new NetworkStream(socket);
            stream.Write([.. JsonSerializer.SerializeToUtf8Bytes(request, CaJson.Default.SignerRequest), (byte)'\n']);
            var line = new byte[MaxLineBytes];
            var length = 0;
            while (length == 0 || line[length - 1] != '\n')
            {
                var read = length < line.Length ? stream.Read(line, length, line.Length - length) : 0;
                if (read == 0) throw Broken("its answer is cut off or too long");
                length += read;
            }

            var reply = JsonSerializer.Deserialize(line.AsSpan(0, length), CaJson.Default.SignerReply) ?? throw Broken("its answer is empty");
            return reply.Error is null ? reply : throw Broken(reply.Error);
        }
        catch (Exception failure) when (failure is SocketException or IOException or JsonException)
        {
            throw new CaException($"The CA's signer at '{socketPath}' cannot be used: {failure.Message} Start it, and see that this process may connect to its socket.", failure);
        }
    }

    private CaException Broken(string why) => new($"The CA's signer at '{socketPath}' did not do what was asked: {why}");
}
