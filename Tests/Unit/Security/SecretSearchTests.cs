using System.Security.Cryptography;
using System.Text;
using Tidegate.Tests.Kit.Processes;
using Xunit;

namespace Tidegate.Tests.Unit.Security;

/// <summary>The search that other tests rely on finds what is there, in every form that a program may write it in.</summary>
public sealed class SecretSearchTests
{
    [Theory]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(34)]
    public void A_secret_is_found_in_every_form_and_only_when_it_is_there(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        var file = Path.Combine(Directory.CreateTempSubdirectory("tg-secret-").FullName, "some.key");
        File.WriteAllBytes(file, bytes);
        var search = new SecretSearch().AddFile(file);
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        foreach (var before in new[] { "", "a", "ab", "abc" })
        {
            var wrapped = (byte[])[.. Encoding.ASCII.GetBytes(before), .. bytes, .. "tail"u8];
            foreach (var text in new[] { Convert.ToBase64String(wrapped), System.Buffers.Text.Base64Url.EncodeToString(wrapped), Convert.ToHexString(wrapped), Convert.ToHexStringLower(wrapped), Encoding.Latin1.GetString(wrapped) })
                Assert.Equal(["some.key"], search.FindIn($"a line of a log with {text} in it"));
        }

        bytes[length / 2] ^= 1;
        Assert.Empty(search.FindIn(Convert.ToBase64String(bytes) + Convert.ToHexString(bytes)));
    }

    [Fact]
    public void A_private_key_is_found_by_its_lines_and_by_its_number_and_its_public_half_is_none()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var directory = Directory.CreateTempSubdirectory("tg-secret-").FullName;
        var file = Path.Combine(directory, "key.pem");
        File.WriteAllText(file, key.ExportPkcs8PrivateKeyPem());
        var search = new SecretSearch().AddFile(file);
        Directory.Delete(directory, recursive: true);
        Assert.Equal(["key.pem"], search.FindIn(key.ExportPkcs8PrivateKeyPem()));
        Assert.Equal(["key.pem"], search.FindIn(Convert.ToBase64String(key.ExportECPrivateKey())));
        Assert.Equal(["key.pem"], search.FindIn(Convert.ToHexString(key.ExportParameters(true).D!)));
        Assert.Empty(search.FindIn(key.ExportSubjectPublicKeyInfoPem()));
    }
}
