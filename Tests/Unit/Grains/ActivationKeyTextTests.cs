using CsCheck;
using Tidegate.Grains.Activation;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class ActivationKeyTextTests
{
    [Theory]
    [InlineData("00000000000000000000000000000000", "00000-00000-00000-00000-000000")]
    [InlineData("ffffffffffffffffffffffffffffffff", "7ZZZZ-ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZZ")]
    [InlineData("000102030405060708090a0b0c0d0e0f", "00041-061050-R3GG-28A1C-60T3GF")]
    public void M4_1_Golden_vectors(string bits, string shown) =>
        Assert.Equal(shown.Replace("-", "", StringComparison.Ordinal), ActivationKeyText.Normalise(ActivationKeyText.Format(Convert.FromHexString(bits))));

    [Fact]
    public void M4_1_Any_key_survives_the_ways_people_type_it() =>
        Gen.Byte.Array[16].SampleFixed(
            bits =>
            {
                var shown = ActivationKeyText.Format(bits);
                Assert.Matches("^[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{6}$", shown);
                var key = ActivationKeyText.Normalise(shown);
                foreach (var typed in new[] { shown.ToLowerInvariant(), shown.Replace('-', ' '), shown.Replace('0', 'O').Replace('1', 'l'), key })
                    Assert.Equal(key, ActivationKeyText.Normalise(typed));
            },
            iter: 500);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00000-00000-00000-00000-00000")]
    [InlineData("00000-00000-00000-00000-0000000")]
    [InlineData("80000-00000-00000-00000-000000")]
    [InlineData("00000-00000-00000-00000-00000U")]
    [InlineData("00000_00000_00000_00000_000000")]
    public void M4_5_Text_that_cannot_be_a_key_is_none(string? typed) => Assert.Null(ActivationKeyText.SessionIdOfTyped(typed));

    [Fact]
    public void The_session_id_is_the_hash_of_the_ungrouped_key() => Assert.Equal(
        ActivationKeyText.SessionIdOf("00000000000000000000000000"), ActivationKeyText.SessionIdOfTyped("ooooo-00000-00000-00000-000000"));
}
