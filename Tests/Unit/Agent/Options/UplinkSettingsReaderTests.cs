using Microsoft.Extensions.Configuration;
using Tidegate.GatewayAgent.Options;
using Tidegate.GatewayAgent.Uplink;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Options;

/// <summary>What the machine's owner says of the uplink.</summary>
public sealed class UplinkSettingsReaderTests
{
    private readonly List<string> _faults = [];

    [Fact]
    public void Bounds_are_read_and_out_of_range_they_are_faults()
    {
        Assert.Equal(new UplinkOptions(1_000_000, 0), UplinkSettingsReader.Read(Of(("UploadBytesPerSecond", "1000000"), ("DownloadBytesPerSecond", "0")), _faults));
        Assert.Equal(new UplinkOptions(), UplinkSettingsReader.Read(Of(), _faults));
        Assert.Empty(_faults);
        UplinkSettingsReader.Read(Of(("UploadBytesPerSecond", "100"), ("DownloadBytesPerSecond", "10MiB")), _faults);
        Assert.Equal(["UploadBytesPerSecond '100'", "DownloadBytesPerSecond '10MiB'"], _faults.Select(fault => fault[..fault.IndexOf(" is ", StringComparison.Ordinal)]));
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(null, "http://env.test:1", "http://env.test:1")]
    [InlineData("http://own.test:2", "http://env.test:1", "http://own.test:2")]
    [InlineData("none", "http://env.test:1", null)]
    public void The_agents_own_proxy_comes_before_everybodys(string? own, string? everybodys, string? expected) =>
        Assert.Equal(expected, UplinkSettingsReader.ReadProxy(own is null ? Of() : Of(("Proxy", own)), name => name == "https_proxy" ? everybodys : null, _faults)?.ToString());

    [Fact]
    public void What_is_reached_directly_comes_from_the_same_places()
    {
        Assert.True(UplinkSettingsReader.ReadProxy(Of(("Proxy", "p.test")), static name => name == "NO_PROXY" ? "x.test" : null, _faults)!.IsDirect("x.test", 1));
        Assert.False(UplinkSettingsReader.ReadProxy(Of(("Proxy", "p.test"), ("NoProxy", "y.test")), static name => name == "NO_PROXY" ? "x.test" : null, _faults)!.IsDirect("x.test", 1));
    }

    [Fact]
    public void A_proxy_that_is_none_is_a_fault_without_its_password()
    {
        Assert.Null(UplinkSettingsReader.ReadProxy(Of(("Proxy", "ftp://user:secret@p.test")), static _ => null, _faults));
        var fault = Assert.Single(_faults);
        Assert.StartsWith("Proxy is not of the form", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
    }

    private static IConfigurationRoot Of(params (string Name, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(static s => KeyValuePair.Create(s.Name, (string?)s.Value))).Build();
}
