using System.Globalization;
using CsCheck;

namespace Tidegate.Tests.Unit.Properties;

/// <summary>
/// Properties held against cases that are the same on every machine and every run. CsCheck's own seed is that of a sample's first case alone;
/// here each case has one. <c>TIDEGATE_PROPERTY_SEED</c> draws others: what they find belongs in a test of its own.
/// </summary>
internal static class FixedCases
{
    private const ulong DefaultSeed = 20261123;

    private static readonly ulong s_seed =
        Environment.GetEnvironmentVariable("TIDEGATE_PROPERTY_SEED") is { Length: > 0 } given ? ulong.Parse(given, CultureInfo.InvariantCulture) : DefaultSeed;

    /// <summary>Holds the property for so many cases; a failure names the seed of its case.</summary>
    public static void SampleFixed<T>(this Gen<T> cases, Action<T> property, int iter)
    {
        for (var number = 0; number < iter; number++)
            cases.Sample(property, iter: 1, seed: new PCG((uint)number, s_seed).ToString(), threads: 1);
    }
}
