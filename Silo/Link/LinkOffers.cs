using System.Security.Cryptography;
using Tidegate.Grains.Gateways.Holders;

namespace Tidegate.Silo.Link;

/// <summary>
/// The silos that discovery offers: every active one that takes links, as it says itself, at most a second old
/// (<c>docs/protocols/link.md</c>, discovery). A silo that does not answer is not offered.
/// </summary>
internal sealed class LinkOffers(ILinkRegistries registries, TimeProvider time)
{
    /// <summary>How old an answer may be that is still given.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private (Task<IReadOnlyList<LinkOffer>> Offers, long AskedAt)? _table;

    /// <summary>Random order, but for the first place: of two at random, the one with fewer connections has it.</summary>
    public async Task<IReadOnlyList<LinkOffer>> BestFirstAsync(CancellationToken cancellationToken)
    {
        var offers = (await Current().WaitAsync(cancellationToken)).ToArray();
        RandomNumberGenerator.Shuffle<LinkOffer>(offers);
        if (offers.Length > 1 && offers[1].Connections < offers[0].Connections) (offers[0], offers[1]) = (offers[1], offers[0]);
        return offers;
    }

    private Task<IReadOnlyList<LinkOffer>> Current()
    {
        lock (_gate)
        {
            if (_table is { } known && !known.Offers.IsFaulted && time.GetElapsedTime(known.AskedAt) < MaxAge) return known.Offers;
            var asked = registries.OffersAsync();
            _table = (asked, time.GetTimestamp());
            return asked;
        }
    }
}
