namespace Tidegate.Silo.Pki;

/// <summary>
/// Where the private CA's keys are used (M3.5): ECDSA P-256, each by its name. Nothing else ever asks for a key, so that one which lies in a hardware module, a
/// key service or another process needs no other change. Calls block, for at most some seconds; safe for concurrent use.
/// </summary>
public interface ICaKeyProvider
{
    /// <summary>The public key (SubjectPublicKeyInfo). Throws <see cref="CaException"/> when there is no such key, or it cannot be used.</summary>
    byte[] GetPublicKey(string name);

    /// <summary>ECDSA with SHA-256 over <paramref name="data"/>, in DER form. Throws <see cref="CaException"/>.</summary>
    byte[] Sign(string name, byte[] data);

    /// <summary>Makes a key of that name where there is none; does nothing where keys are made by others. Throws <see cref="CaException"/>.</summary>
    void Create(string name);
}
