namespace Tidegate.BlockStore.Segments;

/// <summary>Draws nonces: <see cref="RandomNonceSource"/> outside tests.</summary>
public interface INonceSource
{
    /// <summary>A nonce never drawn before.</summary>
    BlobNonce Next();
}
