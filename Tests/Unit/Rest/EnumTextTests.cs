using System.Reflection;
using System.Text.Json;
using Tidegate.Cli.Output;
using Tidegate.Client.Rest.Models;
using Xunit;

namespace Tidegate.Tests.Unit.Rest;

/// <summary>The API says words where the code has enumerations (<c>docs/protocols/rest.md</c>): no record that it sends or takes may show a number.</summary>
public sealed class EnumTextTests
{
    [Fact]
    public void Every_enumeration_in_the_api_s_records_is_a_word()
    {
        var enums = typeof(RestJson).Assembly.GetTypes().Where(static type => type.Namespace == typeof(RestJson).Namespace)
            .SelectMany(static type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
            .SelectMany(static property => Types(property.PropertyType)).Where(static type => type.IsEnum).ToHashSet();
        Assert.True(enums.Count >= 8, string.Join(", ", enums));
        foreach (var type in enums)
        {
            var value = Enum.GetValues(type).GetValue(0)!;
            var word = JsonSerializer.Serialize(char.ToLowerInvariant($"{value}"[0]) + $"{value}"[1..]);
            Assert.Equal(word, JsonSerializer.Serialize(value, type, RestJson.Default));
            // The command line prints some of the records.
            if (CliJson.Default.GetTypeInfo(type) is { } printed) Assert.Equal(word, JsonSerializer.Serialize(value, printed));
        }
    }

    private static IEnumerable<Type> Types(Type type) => Nullable.GetUnderlyingType(type) is { } inner ? [inner] : [type, .. type.GetGenericArguments()];
}
