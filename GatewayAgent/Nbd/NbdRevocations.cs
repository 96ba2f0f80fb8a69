using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.GatewayAgent.Nbd;

/// <summary>
/// The revocation lists (RFC 5280, 5) of the clients' CAs: complete ones, each signed by the CA whose certificates it names. Read from a PEM file;
/// nothing is fetched.
/// </summary>
internal sealed class NbdRevocations
{
    private const string Label = "X509 CRL";
    private readonly HashSet<(string Issuer, string Serial)> _revoked = [];

    private NbdRevocations()
    {
    }

    /// <summary>When the first of the lists should have been replaced; null when none says so.</summary>
    public DateTimeOffset? Until { get; private set; }

    /// <summary>Null when the file cannot be used; every reason is added to <paramref name="faults"/>.</summary>
    public static NbdRevocations? Load(string file, X509Certificate2Collection authorities, ICollection<string> faults)
    {
        var before = faults.Count;
        var revocations = new NbdRevocations();
        try
        {
            ReadOnlySpan<char> text = File.ReadAllText(file);
            var lists = 0;
            for (; PemEncoding.TryFind(text, out var fields); text = text[fields.Location.End..])
            {
                if (text[fields.Label].SequenceEqual(Label))
                {
                    revocations.Add(Convert.FromBase64String(text[fields.Base64Data].ToString()), authorities);
                    lists++;
                }
            }
            if (lists == 0) faults.Add($"the NBD revocation file '{file}' holds no list (-----BEGIN {Label}-----)");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException or AsnContentException or FormatException)
        {
            faults.Add($"the NBD revocation file '{file}' cannot be used: {error.Message}");
        }
        return faults.Count > before ? null : revocations;
    }

    /// <summary>True when the certificate is on its CA's list.</summary>
    public bool Has(X509Certificate2 certificate) => _revoked.Contains((Key(certificate.IssuerName.RawData), Serial(certificate.SerialNumberBytes.Span)));

    private void Add(byte[] encoded, X509Certificate2Collection authorities)
    {
        var list = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence();
        var signed = list.PeekEncodedValue();
        var content = list.ReadSequence();
        var algorithm = list.ReadSequence().ReadObjectIdentifier();
        var signature = list.ReadBitString(out _);

        if (content.PeekTag().HasSameClassAndValue(Asn1Tag.Integer)) content.ReadInteger();
        content.ReadSequence();
        var issuer = content.ReadEncodedValue();
        var authority = authorities.FirstOrDefault(ca => issuer.Span.SequenceEqual(ca.SubjectName.RawData) && IsSigned(ca, algorithm, signed.Span, signature))
            ?? throw new CryptographicException($"the list of '{new X500DistinguishedName(issuer.Span).Name}' is not signed by one of the client CAs");
        ReadTime(content);
        if (content.HasData && IsTime(content) && ReadTime(content) is var until && (Until is null || until < Until)) Until = until;
        if (content.HasData && content.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            var entries = content.ReadSequence();
            while (entries.HasData) _revoked.Add((Key(authority.SubjectName.RawData), Serial(entries.ReadSequence().ReadIntegerBytes().Span)));
        }
        RefuseWhatIsNotWhole(content);
    }

    /// <summary>Critical extensions change what a list means: parts of one, changes to one, lists about other CAs' certificates.</summary>
    private static void RefuseWhatIsNotWhole(AsnReader content)
    {
        var tag = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        if (!content.HasData || !content.PeekTag().HasSameClassAndValue(tag)) return;
        var extensions = content.ReadSequence(tag).ReadSequence();
        while (extensions.HasData)
        {
            var extension = extensions.ReadSequence();
            var name = extension.ReadObjectIdentifier();
            if (extension.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean) && extension.ReadBoolean())
                throw new CryptographicException($"a list has the critical extension {name}; only complete lists of a CA's own certificates are understood");
        }
    }

    private static bool IsSigned(X509Certificate2 authority, string algorithm, ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature)
    {
        (HashAlgorithmName Hash, bool IsRsa) scheme = algorithm switch
        {
            "1.2.840.10045.4.3.2" => (HashAlgorithmName.SHA256, false),
            "1.2.840.10045.4.3.3" => (HashAlgorithmName.SHA384, false),
            "1.2.840.10045.4.3.4" => (HashAlgorithmName.SHA512, false),
            "1.2.840.113549.1.1.11" => (HashAlgorithmName.SHA256, true),
            "1.2.840.113549.1.1.12" => (HashAlgorithmName.SHA384, true),
            "1.2.840.113549.1.1.13" => (HashAlgorithmName.SHA512, true),
            _ => throw new CryptographicException($"a list is signed with algorithm {algorithm}, which is not supported (ECDSA or RSA with SHA-2 are)"),
        };
        if (scheme.IsRsa)
        {
            using var rsa = authority.GetRSAPublicKey();
            return rsa is not null && rsa.VerifyData(signed, signature, scheme.Hash, RSASignaturePadding.Pkcs1);
        }
        using var ecdsa = authority.GetECDsaPublicKey();
        return ecdsa is not null && ecdsa.VerifyData(signed, signature, scheme.Hash, DSASignatureFormat.Rfc3279DerSequence);
    }

    private static bool IsTime(AsnReader reader) => reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) || reader.PeekTag().HasSameClassAndValue(Asn1Tag.GeneralizedTime);

    private static DateTimeOffset ReadTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();

    private static string Key(ReadOnlySpan<byte> name) => Convert.ToHexString(name);

    private static string Serial(ReadOnlySpan<byte> serial) => Convert.ToHexString(serial).TrimStart('0');
}
