using Microsoft.Extensions.Configuration;
using Tidegate.BlockStore.Compaction;
using Tidegate.BlockStore.Folding;
using Tidegate.Silo.Options;
using Xunit;

namespace Tidegate.Tests.Unit.Silo;

public sealed class SiloSettingsTests
{
    [Fact]
    public void The_defaults_need_a_state_directory_and_nothing_else()
    {
        Assert.StartsWith("Tidegate:State:Directory is missing", Assert.Single(FaultsOf([])), StringComparison.Ordinal);
        var settings = Read(new() { ["Tidegate:State:Directory"] = "/var/lib/tidegate" });
        Assert.Equal(StateProvider.Sqlite, settings.State.Provider);
        Assert.Equal("/var/lib/tidegate/blobs", settings.Blobs.Directory);
        Assert.Equal(["localhost", "127.0.0.1", "::1"], settings.Listeners.CertificateNames);
    }

    [Fact]
    public void Every_fault_of_every_section_is_told_at_once()
    {
        var faults = FaultsOf(new()
        {
            ["Tidegate:State:Provider"] = "postgres",
            ["Tidegate:State:CommandTimeoutSeconds"] = "0",
            ["Tidegate:Listeners:Api"] = "localhost",
            ["Tidegate:Listeners:SiloPort"] = "70000",
            ["Tidegate:Listeners:AgentsUrl"] = "http://agents",
            ["Tidegate:Cluster:ClusterId"] = "",
            ["Tidegate:Blobs:Provider"] = "azure",
            ["Tidegate:Blobs:Directory"] = "relative",
            ["Tidegate:Blobs:Container"] = "No--Good",
            ["Tidegate:Blobs:RequestTimeoutSeconds"] = "0",
            ["Tidegate:Blobs:Retries"] = "11",
            ["Tidegate:Data:MaxUploads"] = "0",
            ["Tidegate:Data:MaxDownloads"] = "0",
            ["Tidegate:Data:AccountSharePercent"] = "0",
            ["Tidegate:Data:MaxTransferSeconds"] = "0",
            ["Tidegate:Api:MaxBodyBytes"] = "12",
            ["Tidegate:Api:KeyCacheSeconds"] = "60",
            ["Tidegate:Compaction:TargetRatio"] = "1",
            ["Tidegate:Compaction:MinGarbageMib"] = "-1",
            ["Tidegate:Compaction:MaxCopiedMib"] = "0",
            ["Tidegate:Merging:TargetFrames"] = "16",
            ["Tidegate:Merging:SharePercent"] = "401",
            ["Tidegate:Merging:FreeKib"] = "-1",
        });
        string[] expected =
        [
            "Tidegate:State:Directory", "Tidegate:State:ConnectionString", "Tidegate:State:CommandTimeoutSeconds", "Tidegate:Listeners:Api",
            "Tidegate:Listeners:SiloPort", "Tidegate:Listeners:AgentsUrl", "Tidegate:Cluster:ClusterId", "Tidegate:Blobs:Directory",
            "Tidegate:Blobs:Container", "Tidegate:Blobs:RequestTimeoutSeconds", "Tidegate:Blobs:Retries", "Tidegate:Blobs:ConnectionString",
            "Tidegate:Data:MaxUploads", "Tidegate:Data:MaxDownloads", "Tidegate:Data:AccountSharePercent", "Tidegate:Data:MaxTransferSeconds",
            "Tidegate:Api:MaxBodyBytes", "Tidegate:Api:KeyCacheSeconds", "Tidegate:Compaction:TargetRatio", "Tidegate:Compaction:MinGarbageMib",
            "Tidegate:Compaction:MaxCopiedMib", "Tidegate:Merging:TargetFrames", "Tidegate:Merging:SharePercent", "Tidegate:Merging:FreeKib",
        ];
        Assert.Equal(expected, faults.Select(fault => fault.Split(' ')[0]));
    }

    [Theory]
    [InlineData("Tidegate:State:Provider", "oracle", "cannot be read")]
    [InlineData("Tidegate:Listeners:SiloPort", "many", "cannot be read")]
    [InlineData("Tidegate:State:Conection", "x", "no setting")]
    public void A_value_or_name_that_makes_no_sense_is_a_fault(string key, string value, string expected)
    {
        var faults = FaultsOf(new() { ["Tidegate:State:Directory"] = "/s", [key] = value });
        Assert.Contains(expected, Assert.Single(faults), StringComparison.Ordinal);
        Assert.StartsWith(key, faults[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "is missing")]
    [InlineData("secret-nonsense", "cannot be read")]
    [InlineData("BlobEndpoint=https://acme.blob.core.windows.net;SharedAccessSignature=sv=secret", "no account key")]
    [InlineData("DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:10000/acme", "without TLS")]
    public void An_account_that_cannot_serve_is_a_fault_that_keeps_its_secret(string connectionString, string expected)
    {
        var fault = Assert.Single(FaultsOf(new()
        {
            ["Tidegate:State:Directory"] = "/s",
            ["Tidegate:Blobs:Provider"] = "azure",
            ["Tidegate:Blobs:ConnectionString"] = connectionString,
        }));
        Assert.StartsWith("Tidegate:Blobs:ConnectionString", fault, StringComparison.Ordinal);
        Assert.Contains(expected, fault, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", fault, StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_are_read()
    {
        var settings = Read(new()
        {
            ["Tidegate:State:Directory"] = "/s",
            ["Tidegate:Listeners:HostNames:0"] = "silo.example.net",
            ["Tidegate:Listeners:HostNames:1"] = "192.0.2.1",
        });
        Assert.Equal(["silo.example.net", "192.0.2.1"], settings.Listeners.CertificateNames);
    }

    [Fact]
    public void What_is_set_for_merging_and_compaction_is_what_the_volumes_get()
    {
        var settings = Read(new()
        {
            ["Tidegate:State:Directory"] = "/s",
            ["Tidegate:Compaction:TargetRatio"] = "1.5",
            ["Tidegate:Compaction:MinGarbageMib"] = "8",
            ["Tidegate:Merging:TargetFrames"] = "6",
            ["Tidegate:Merging:MinBlocks"] = "3",
            ["Tidegate:Merging:SharePercent"] = "50",
            ["Tidegate:Merging:FreeKib"] = "64",
        });
        Assert.Equal(new CompactionOptions { TargetRatio = 1.5, MinGarbageBytes = 8 << 20 }, settings.Compaction.ToOptions());
        Assert.Equal(new MergeOptions { TargetFrames = 6, MinBlocks = 3, Share = 0.5, FreeBytes = 64 << 10 }, settings.Merging.ToOptions());
        Assert.Equal(new MergeOptions(), new MergeSettings().ToOptions());
    }

    private static IReadOnlyList<string> FaultsOf(Dictionary<string, string?> values) => Assert.Throws<SettingsException>(() => Read(values)).Faults;

    private static SiloSettings Read(Dictionary<string, string?> values) =>
        SiloSettings.Read(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
}
