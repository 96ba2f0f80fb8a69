using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Tidegate.BlockStore.Formats;
using Tidegate.Client.Rest;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Grains.Outbox;
using Xunit;

namespace Tidegate.Tests.Unit.Security;

/// <summary>
/// Every option and record of the product: a member that is named like a secret is a <see cref="Secret"/>, or, where the wire wants plain text,
/// its record is seen not to print it.
/// </summary>
public sealed partial class SecretMemberTests
{
    private const string Planted = "hunter2-planted";

    private static readonly Assembly[] Product =
    [
        typeof(CorruptDataException).Assembly, typeof(Secret).Assembly, typeof(RestClientOptions).Assembly, typeof(OutboxEntry).Assembly,
        typeof(Tidegate.Silo.Options.StateOptions).Assembly, typeof(GatewayAgent.Options.AgentOptions).Assembly, typeof(Tidegate.Cli.Profiles.Profile).Assembly,
    ];

    [Fact]
    public void No_option_and_no_record_shows_what_lets_somebody_in()
    {
        var faults = Product.SelectMany(assembly => assembly.GetTypes()).SelectMany(FaultsOf).Order(StringComparer.Ordinal);
        Assert.Equal([], faults);
    }

    [Fact]
    public void Members_that_are_secrets_are_found_at_all()
    {
        var found = Product.SelectMany(assembly => assembly.GetTypes()).SelectMany(Suspicious).Select(member => $"{member.DeclaringType!.Name}.{member.Name}").ToHashSet();
        Assert.Superset(
            new HashSet<string> { "StateOptions.ConnectionString", "BlobOptions.ConnectionString", "RestClientOptions.ApiKey", "BlobTicket.Token", "SegmentCommit.TicketToken", "AdvertisedKey.ActivationKey" }, found);
    }

    [Fact]
    public void A_record_that_prints_its_password_and_an_option_that_is_plain_text_are_found()
    {
        Assert.Equal(["TalkativeRecord.Password prints"], FaultsOf(typeof(TalkativeRecord)));
        Assert.Equal(["PlainOptions.ApiToken is plain text"], FaultsOf(typeof(PlainOptions)));
        Assert.Equal([], FaultsOf(typeof(DiscreetRecord)));
    }

    private static IEnumerable<string> FaultsOf(Type type)
    {
        foreach (var member in Suspicious(type).Where(member => member.PropertyType == typeof(string)))
        {
            if (!IsRecord(type)) yield return $"{type.Name}.{member.Name} is plain text";
            else if (Prints(type, member)) yield return $"{type.Name}.{member.Name} prints";
        }
    }

    private static IEnumerable<PropertyInfo> Suspicious(Type type) => IsRecord(type) || IsOptions(type)
        ? type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            .Where(member => SecretName().IsMatch(member.Name) && (member.PropertyType == typeof(string) || member.PropertyType == typeof(Secret)))
        : [];

    private static bool Prints(Type type, PropertyInfo member)
    {
        var record = RuntimeHelpers.GetUninitializedObject(type);
        var field = type.GetField($"<{member.Name}>k__BackingField", BindingFlags.Instance | BindingFlags.NonPublic);
        field?.SetValue(record, Planted);
        return record.ToString()!.Contains(Planted, StringComparison.Ordinal);
    }

    private static bool IsRecord(Type type) => type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false } && type.GetMethod("<Clone>$") is not null;

    private static bool IsOptions(Type type) => type.IsClass && (type.Name.EndsWith("Options", StringComparison.Ordinal) || type.Name.EndsWith("Settings", StringComparison.Ordinal));

    // A page's token lets nobody in; what ends in File, Path, Hash, Id or the like is about a secret and none.
    [GeneratedRegex("(?<!Page)(Secret|Password|Passphrase|Token|ApiKey|ActivationKey|PrivateKey|AccountKey|ConnectionString|Credential)$")]
    private static partial Regex SecretName();

    private sealed record TalkativeRecord(string User, string Password);

    private sealed record DiscreetRecord(string User, Secret Password);

    private sealed class PlainOptions
    {
        public string ApiToken { get; init; } = "";
    }
}
