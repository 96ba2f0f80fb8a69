using Tidegate.Grains.Interfaces.Accounts;
using Tidegate.Grains.Interfaces.Errors;

namespace Tidegate.Grains.Accounts;

/// <summary>Names that are unique within an account (M3.7).</summary>
internal static class Names
{
    /// <summary>Kind of gateways' names.</summary>
    public const string Gateway = "gateway";

    /// <summary>Kind of volumes' names.</summary>
    public const string Volume = "volume";

    /// <summary>The grain that reserves the name, whatever its case.</summary>
    public static INameGrain Grain(IGrainFactory grains, string accountId, string kind, string name) =>
        grains.GetGrain<INameGrain>($"{accountId}/{kind}/{name.ToUpperInvariant()}");

    /// <summary>Reserves or throws <c>NameInUse</c>.</summary>
    public static async Task ReserveAsync(IGrainFactory grains, string accountId, string kind, string name, string resourceId)
    {
        if (await Grain(grains, accountId, kind, name).Reserve(resourceId)) return;
        throw new TidegateException(ErrorCodes.NameInUse, $"The {kind} name '{name}' is in use in this account.", "Choose another name.");
    }
}
