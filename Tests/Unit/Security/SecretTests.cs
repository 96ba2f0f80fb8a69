using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Tidegate.Client.Rest.Models;
using Tidegate.Grains.Interfaces.Security;
using Tidegate.Silo.Options;
using Xunit;

namespace Tidegate.Tests.Unit.Security;

/// <summary>Text that lets somebody in is read where that is written, and nowhere else.</summary>
public sealed class SecretTests
{
    private const string Text = "tgk_0123456789abcdef0123_hunter2";

    [Fact]
    public void A_secret_prints_redacted_by_itself_in_a_record_and_in_a_message()
    {
        Secret secret = Text;
        Assert.Equal(Text, secret.Reveal());
        foreach (var printed in new[] { $"{secret}", string.Concat("key ", secret), new CreatedApiKey("key-1", secret).ToString(), string.Format(null, "{0}", secret) })
        {
            Assert.Contains(Secret.Redacted, printed, StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", printed, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_messages_that_carry_it_hold_the_text_alone()
    {
        var json = JsonSerializer.Serialize(new CreatedApiKey("key-1", Text), RestJson.Default.CreatedApiKey);
        Assert.Equal($$"""{"keyId":"key-1","apiKey":"{{Text}}"}""", json);
        Assert.Equal(new CreatedApiKey("key-1", Text), JsonSerializer.Deserialize(json, RestJson.Default.CreatedApiKey));
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"keyId":"key-1","apiKey":5}""", RestJson.Default.CreatedApiKey));
    }

    [Fact]
    public void Settings_bind_to_it()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionString", "Host=db;Password=hunter2")]).Build();
        var options = new StateOptions();
        configuration.Bind(options);
        Assert.Equal("Host=db;Password=hunter2", options.ConnectionString.Reveal());
        Assert.Equal(Secret.Redacted, $"{options.ConnectionString}");
    }

    [Fact]
    public void Secrets_are_equal_by_their_text()
    {
        Assert.Equal(new Secret(Text), new Secret(Text));
        Assert.NotEqual(new Secret(Text), new Secret(Text + "3"));
        Assert.Equal("(none)", Secret.None.ToString());
        Assert.True(new Secret(" ").IsEmpty && !new Secret(Text).IsEmpty);
    }
}
