using System.Net.Sockets;
using System.Text.Json;

namespace Tidegate.Silo.Pki;

/// <summary>
/// The signer of <c>Tidegate.Silo ca signer</c>: serves the keys of one directory on a Unix socket (<c>docs/protocols/ca-signer.md</c>), so that they may belong to another user
/// than the silo's. The socket has mode 0660: who may connect may have things signed.
/// </summary>
internal sealed class CaSigner(string keyDirectory, string socketPath)
{
    private const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private readonly FileCaKeyProvider _keys = new(keyDirectory);

    /// <summary>Serves until cancelled; <paramref name="listening"/> is called once connections are taken.</summary>
    public async Task RunAsync(Action listening, CancellationToken cancellationToken)
    {
        File.Delete(socketPath);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(socketPath));
        File.SetUnixFileMode(socketPath, SocketMode);
        listener.Listen();
        listening();
        try
        {
            // One after another: a signature takes a fraction of a millisecond, and a silo asks for few.
            while (true)
            {
                using var client = await listener.AcceptAsync(cancellationToken);
                await ServeAsync(client, cancellationToken);
            }
        }
        finally
        {
            File.Delete(socketPath);
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken cancellationToken)
    {
        // Whoever connects and says nothing keeps the others waiting no longer than this.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(2));
        try
        {
            await using var stream = new NetworkStream(client);
            var line = new byte[SignerCaKeyProvider.MaxLineBytes];
            var length = 0;
            while (length == 0 || line[length - 1] != '\n')
            {
                var read = length < line.Length ? await stream.ReadAsync(line.AsMemory(length), limit.Token) : 0;
                if (read == 0) return;
                length += read;
            }

            await stream.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(Answer(line.AsSpan(0, length)), CaJson.Default.SignerReply), (byte)'\n'], limit.Token);
        }
        catch (Exception gone) when (gone is IOException or SocketException || (gone is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The client's business.
        }
    }

    private SignerReply Answer(ReadOnlySpan<byte> line)
    {
        try
        {
            var request = JsonSerializer.Deserialize(line, CaJson.Default.SignerRequest);
            if (request is not { Version: SignerCaKeyProvider.Version }) return new SignerReply(Error: $"Only version {SignerCaKeyProvider.Version} of the protocol is spoken here.");
            // A name is a file in the directory and never a way out of it.
            if (request.Key.Length == 0 || request.Key != Path.GetFileName(request.Key) || request.Key.StartsWith('.')) return new SignerReply(Error: $"'{request.Key}' is no name of a key.");
            return request switch
            {
                { Operation: "public-key" } => new SignerReply(PublicKey: _keys.GetPublicKey(request.Key)),
                { Operation: "sign", Data.Length: > 0 } => new SignerReply(Signature: _keys.Sign(request.Key, request.Data)),
                _ => new SignerReply(Error: $"'{request.Operation}' is no operation, or it lacks its data."),
            };
        }
        catch (JsonException malformed)
        {
            return new SignerReply(Error: $"The request is not understood: {malformed.Message}");
        }
        catch (Exception refused) when (refused is CaException or InvalidOperationException)
        {
            return new SignerReply(Error: refused.Message);
        }
    }
}
