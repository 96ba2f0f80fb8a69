using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;
using Tidegate.Grains.Interfaces.Gateways;
using Tidegate.Grains.Interfaces.Snapshots;
using Tidegate.Grains.Interfaces.Tenants;
using Tidegate.Grains.Interfaces.Volumes;

namespace Tidegate.Client.Developers;

/// <summary>
/// A developer's client: volumes, snapshots and gateways of one account as typed grains, over the guarded link (M5.5; <c>docs/protocols/link.md</c>,
/// Developers' clients). It proves itself with certificates of an hour that it gets for its API key and renews by itself, with key pairs that never
/// leave it. Thread-safe; one for a process is enough. Grains may be kept for as long as the client lives. Every failure is a
/// <see cref="TidegateException"/> with a code of <see cref="ErrorCodes"/>; <c>docs/operating/developers.md</c> has an example.
/// </summary>
public sealed class TidegateClient : IAsyncDisposable
{
    private readonly DeveloperLinks _links;

    private TidegateClient(DeveloperLinks links, string accountId)
    {
        (_links, AccountId) = (links, accountId);
        Tenant = CallProxy.Create<ITenantGrain>(links, accountId);
        Account = CallProxy.Create<IAccountGrain>(links, accountId);
    }

    /// <summary>The account that the API key stands for.</summary>
    public string AccountId { get; }

    /// <summary>Makes things, lists them, and streams.</summary>
    public ITenantGrain Tenant { get; }

    /// <summary>The account itself.</summary>
    public IAccountGrain Account { get; }

    /// <summary>
    /// Connects. Throws <see cref="TidegateException"/>: <c>InvalidArgument</c> for the options, <c>Unauthenticated</c> for a wrong, revoked or expired API key,
    /// <c>Forbidden</c> for one that stands for no account, <c>Unavailable</c> when the service cannot be reached.
    /// </summary>
    public static async Task<TidegateClient> ConnectAsync(TidegateClientOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var links = await DeveloperLinks.ConnectAsync(options, cancellationToken);
        var first = await links.LeaseAsync();
        try
        {
            return new TidegateClient(links, first.AccountId);
        }
        finally
        {
            first.Release();
        }
    }

    /// <summary>A volume.</summary>
    public IVolumeGrain Volume(string volumeId) => CallProxy.Create<IVolumeGrain>(_links, volumeId);

    /// <summary>A snapshot.</summary>
    public ISnapshotGrain Snapshot(string snapshotId) => CallProxy.Create<ISnapshotGrain>(_links, snapshotId);

    /// <summary>Snapshots that were taken of several volumes at one point.</summary>
    public ISnapshotGroupGrain SnapshotGroup(string groupId) => CallProxy.Create<ISnapshotGroupGrain>(_links, groupId);

    /// <summary>A gateway.</summary>
    public IGatewayGrain Gateway(string gatewayId) => CallProxy.Create<IGatewayGrain>(_links, gatewayId);

    /// <summary>An offer of a snapshot, made by or to the account.</summary>
    public ISnapshotOfferGrain Offer(string offerId) => CallProxy.Create<ISnapshotOfferGrain>(_links, offerId);

    /// <summary>A copy of another account's snapshot.</summary>
    public ISnapshotCopyGrain Copy(string copyId) => CallProxy.Create<ISnapshotCopyGrain>(_links, copyId);

    /// <summary>Ends the connection; calls under way fail.</summary>
    public ValueTask DisposeAsync() => _links.DisposeAsync();
}
