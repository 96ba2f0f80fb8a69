using Tidegate.Silo.Pki;

namespace Tidegate.Silo.Options;

/// <summary>Where the private CA's keys are. Section <c>Tidegate:Pki</c>.</summary>
public sealed class PkiOptions : ICheckedOptions
{
    /// <summary>Configuration section.</summary>
    public const string Section = "Tidegate:Pki";

    private const int MaxSocketPath = 107;

    /// <summary>Unix socket of an external signer (<c>docs/protocols/ca-signer.md</c>), which has the keys; empty to keep them in files of the state directory.</summary>
    public string Signer { get; set; } = "";

    /// <summary>With a signer: the name of the first CA's key there.</summary>
    public string SignerKey { get; set; } = "ca-key.pem";

    /// <inheritdoc/>
    public IEnumerable<string> Faults()
    {
        if (Signer.Length > 0 && (!Path.IsPathRooted(Signer) || Signer.Length > MaxSocketPath))
            yield return $"{Section}:{nameof(Signer)} is '{Signer}'; it must be the absolute path of a Unix socket, of at most {MaxSocketPath} characters.";
        if (Signer.Length > 0 && SignerKey.Length == 0)
            yield return $"{Section}:{nameof(SignerKey)} is empty; it must name the signer's key.";
    }

    /// <summary>Opens the CAs of the state directory.</summary>
    internal CaStore Open(string directory, TimeProvider time, Action? mayMake = null) => Signer.Length == 0
        ? CaStore.Open(directory, time, mayMake: mayMake)
        : CaStore.Open(directory, time, new SignerCaKeyProvider(Signer), SignerKey, mayMake);
}
