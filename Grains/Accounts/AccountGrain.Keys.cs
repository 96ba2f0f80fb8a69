using Microsoft.Extensions.Logging;
using Tidegate.BlockStore.Rebuild;
using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Keys;
using Tidegate.Grains.Security;

namespace Tidegate.Grains.Accounts;

// The account's key (docs/operating/keys.md): a rotation puts every wrapped key of the account under a new one, a few volumes at a time,
// goes on where it was after any crash, and retires the old key when nothing is under it.
internal sealed partial class AccountGrain
{
    private const int VolumesAtOnce = 128;
    private const int ParallelVolumes = 4;

    private static readonly TimeSpan NextUnitAfter = TimeSpan.FromSeconds(1);

    private readonly ILogger _log = services.Loggers.CreateLogger("Tidegate.Grains.AccountKeys");
    private string[]? _listed;

    /// <inheritdoc />
    public async Task<AccountDescription> RotateKey()
    {
        await Describe();
        Authorisation.Require(Roles.Admins, Key, $"Account {Key}");
        var generation = await accountKeys.GetGenerationAsync(Key);
        await ChangeAsync((state, now) => KeyRotationMachine.Begin(state, generation, now));
        return await Describe();
    }

    /// <inheritdoc />
    protected override async Task<TimeSpan?> SettleOthersAsync()
    {
        if (State.Rotation is not { CompletedAt: null } rotation) return null;
        if (rotation.NextPassAt is { } next)
        {
            if (next > Now) return next - Now;
            _listed = null;
            rotation = (await SaveChangeAsync((state, _) => KeyRotationMachine.PassBegun(state, rotation))).Rotation!;
        }

        await accountKeys.RotateAsync(Key, rotation.Generation);
        _listed ??= await new Bucket(blobs, accountKeys).ListVolumesAsync(Key).Select(volume => volume.Lineage.VolumeId).ToArrayAsync();
        var unit = _listed.Where(volume => string.CompareOrdinal(volume, rotation.Through) > 0).Take(VolumesAtOnce).ToArray();
        if (unit.Length == 0) return await EndPassAsync(rotation);
        var (keys, problem) = await RewrapAsync(unit);
        await SaveChangeAsync((state, _) => KeyRotationMachine.Advanced(state, rotation, unit[^1], unit.Length, _listed.Length, keys, problem));
        return NextUnitAfter;
    }

    private async Task<TimeSpan?> EndPassAsync(KeyRotation rotation)
    {
        // Records are under keys of their own, which the account's key wraps like data keys. They count like a volume's.
        var records = await archive.RewrapAsync(Key);
        var state = await SaveChangeAsync((state, _) => KeyRotationMachine.Advanced(state, rotation, rotation.Through, 0, rotation.TotalVolumes, records, ""));
        rotation = state.Rotation!;
        if (!KeyRotationMachine.IsClean(rotation))
        {
            await SaveChangeAsync((known, now) => KeyRotationMachine.PassEnded(known, rotation, now));
            return State.Rotation!.NextPassAt - Now;
        }

        await accountKeys.RetireAsync(Key, rotation.Generation);
        await SaveChangeAsync((known, now) => KeyRotationMachine.Completed(known, rotation, now));
        _listed = null;
        return null;
    }

    private async Task<(int Keys, string Problem)> RewrapAsync(string[] volumes)
    {
        var (keys, problem) = (0, "");
        foreach (var some in volumes.Chunk(ParallelVolumes))
        {
            foreach (var (count, failure) in await Task.WhenAll(some.Select(RewrapAsync)))
            {
                keys += count;
                if (failure.Length > 0) problem = failure;
            }
        }

        return (keys, problem);
    }

    // One volume that cannot be done now does not keep the others from being done; the old key stays until it is.
    private async Task<(int Keys, string Problem)> RewrapAsync(string volumeId)
    {
        try
        {
            return (await GrainFactory.GetGrain<IVolumeKeyring>(volumeId).RewrapKeys(), "");
        }
        catch (Exception failure)
        {
            LogRewrapFailed(_log, failure, volumeId, Key);
            return (0, $"Volume {volumeId}: {failure.Message}");
        }
    }

    [LoggerMessage(171, LogLevel.Warning, "The keys of volume {Volume} could not be put under the new key of account {Account}; they will be tried again")]
    private static partial void LogRewrapFailed(ILogger log, Exception failure, string volume, string account);
}
