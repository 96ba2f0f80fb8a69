using System.Security.Cryptography;
using System.Text;
using CsCheck;
using Tidegate.Grains.Activation;
using Tidegate.Grains.Interfaces.Activation;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Tests.Unit.Properties;
using Xunit;

namespace Tidegate.Tests.Unit.Grains;

public sealed class ActivationMachineTests
{
    private const string SessionId = "session";

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly GatewayMetadata Metadata = new("host", "linux", "box", "1.0.0", []);
    private static readonly IssuedCertificate Certificate = new("certificate", "ca", Start.AddDays(1));

    [Fact]
    public void M4_2_Whatever_order_things_come_in_one_claim_wins_and_only_the_winner_is_provisioned_and_certified()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var publicKey = pair.ExportSubjectPublicKeyInfo();
        Gen.Select(Gen.Int[0, 5], Gen.Int[0, 3], Gen.Int[0, 20]).Array[1, 40].SampleFixed(
            moves =>
            {
                var state = ActivationMachine.Begin(new ActivationState(), publicKey, Metadata, Start).Next!;
                var (now, winner, fresh) = (Start, (ActivationClaim?)null, 0);
                foreach (var (move, account, minutes) in moves)
                {
                    now += TimeSpan.FromMinutes(minutes / 10.0);
                    try
                    {
                        state = move switch
                        {
                            0 => ActivationMachine.Intend(state, $"account-{account}", "office", "Etc/UTC", $"gw-{fresh++}", now).Next ?? state,
                            1 => state.Claim is { } claim ? ActivationMachine.Win(state, claim, now).Next ?? state : state,
                            2 => state.ClaimedAt is not null ? ActivationMachine.Provisioned(state).Next ?? state : state,
                            3 => state.IsProvisioned ? ActivationMachine.Issued(state, Certificate, "aa").Next ?? state : state,
                            4 => ActivationMachine.Preview(state, $"account-{account}", now) is null ? state : state,
                            _ => state,
                        };
                    }
                    catch (TidegateException refused)
                    {
                        Assert.Contains(refused.Code, new[] { ErrorCodes.ActivationKeyNotFound, ErrorCodes.ActivationKeyInvalid });
                    }

                    if (state.ClaimedAt is not null) winner ??= state.Claim;
                    if (winner is not null) Assert.Equal(winner, state.Claim);
                    Assert.True(state.Certificate is null || winner is not null);
                    Assert.Equal(publicKey, state.PublicKey);
                }
            },
            iter: 400);
    }

    [Fact]
    public void M4_5_The_agent_that_proves_possession_is_told_of_the_end_and_nobody_else_is()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var state = ActivationMachine.Begin(new ActivationState(), pair.ExportSubjectPublicKeyInfo(), Metadata, Start).Next!;
        var end = Start + ActivationMachine.LivesFor;
        Assert.Null(ActivationMachine.Poll(state, SessionId, Sign(pair), end.AddTicks(-1)));
        Assert.Equal(ErrorCodes.ActivationKeyExpired, CodeOf(() => ActivationMachine.Poll(state, SessionId, Sign(pair), end)));
        Assert.Equal(ErrorCodes.ActivationKeyNotFound, CodeOf(() => ActivationMachine.Poll(state, SessionId, Sign(other), Start)));
        Assert.Equal(ErrorCodes.ActivationKeyNotFound, CodeOf(() => ActivationMachine.Poll(new ActivationState(), SessionId, Sign(pair), Start)));
        Assert.Equal(ErrorCodes.ActivationKeyNotFound, CodeOf(() => ActivationMachine.Preview(state, "account", end)));
        Assert.True(ActivationMachine.IsOver(state, end));
    }

    [Fact]
    public void Only_a_P256_public_key_begins_a_session()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(2048);
        foreach (var key in new[] { [], new byte[91], p384.ExportSubjectPublicKeyInfo(), rsa.ExportSubjectPublicKeyInfo() })
            Assert.Equal(ErrorCodes.InvalidArgument, CodeOf(() => ActivationMachine.Begin(new ActivationState(), key, Metadata, Start)));
    }

    [Fact]
    public void M4_4_Guesses_are_counted_in_a_sliding_window()
    {
        var window = new FailureWindow(3, TimeSpan.FromMinutes(10));
        for (var i = 0; i < 3; i++)
        {
            Assert.False(window.IsBlocked(Start.AddMinutes(i)));
            window.Failed(Start.AddMinutes(i));
        }

        Assert.True(window.IsBlocked(Start.AddMinutes(9)));
        Assert.False(window.IsBlocked(Start.AddMinutes(10)));
    }

    private static byte[] Sign(ECDsa pair) => pair.SignData(
        Encoding.ASCII.GetBytes("tidegate-poll:" + SessionId), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    private static string CodeOf(Action call) => Assert.Throws<TidegateException>(call).Code;
}
