using Tidegate.GatewayAgent.Disks;
using Xunit;

namespace Tidegate.Tests.Unit.Disks;

/// <summary>What the service may have a volume made of: nothing but what the gateway's own settings allow.</summary>
public sealed class LinuxAdoptableStoresTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidegate-adopt-").FullName;

    public LinuxAdoptableStoresTests()
    {
        foreach (var folder in new[] { "images", "state", "elsewhere", "images-not" })
            Directory.CreateDirectory(In(folder));
        Make("images/good.raw", 2 << 20);
        Make("images-not/good.raw", 2 << 20);
        Make("elsewhere/secret", 1 << 20);
        Make("state/log", 1 << 20);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void An_image_in_an_allowed_directory_is_opened_locked_and_keeps_its_holes()
    {
        var stores = Stores("images");
        using (var store = stores.Open(In("images/good.raw")))
        {
            Assert.Equal(2 << 20, store.SizeBytes);
            Assert.Equal((2 << 20, true), store.NextExtent(0));
            store.Write(4096, new byte[] { 1 });
            store.SyncData();
            Refused(stores, "images/good.raw", "in use");
        }
        stores.Open(In("images/good.raw")).Dispose();
    }

    [Theory]
    [InlineData("elsewhere/secret", "none of the directories")]
    [InlineData("images-not/good.raw", "none of the directories")]
    [InlineData("images/../elsewhere/secret", "none of the directories")]
    [InlineData("images/link", "leads to")]
    [InlineData("images/folder/secret", "leads to")]
    [InlineData("state/log", "own directory")]
    [InlineData("images/missing", "open")]
    [InlineData("images", "open")]
    [InlineData("images/odd.raw", "multiple of 4096")]
    [InlineData("images/small.raw", "at least")]
    public void Anything_else_is_refused_wherever_links_lead(string path, string why)
    {
        File.CreateSymbolicLink(In("images/link"), In("elsewhere/secret"));
        Directory.CreateSymbolicLink(In("images/folder"), In("elsewhere"));
        Make("images/odd.raw", (1 << 20) + 512);
        Make("images/small.raw", 4096);
        Refused(Stores("images"), path, why);
    }

    [Fact]
    public void The_agent_s_own_directory_is_refused_even_inside_an_allowed_one()
    {
        Refused(Stores("."), "state/log", "own directory");
        Stores(".").Open(In("elsewhere/secret")).Dispose();
    }

    [Fact]
    public void A_relative_path_is_refused_and_so_is_everything_where_no_directory_is_allowed()
    {
        Assert.Contains("no absolute path", Assert.Throws<IOException>(() => Stores("images").Open("good.raw")).Message, StringComparison.Ordinal);
        Refused(Stores(), "images/good.raw", "AdoptFrom names no directory");
    }

    private LinuxAdoptableStores Stores(params string[] roots) => new([.. roots.Select(In)], In("state"));

    private void Refused(LinuxAdoptableStores stores, string path, string why) =>
        Assert.Contains(why, Assert.ThrowsAny<IOException>(() => stores.Open(In(path))).Message, StringComparison.Ordinal);

    private string In(string path) => Path.Combine(_folder, path);

    private void Make(string path, long sizeBytes)
    {
        using var file = File.Create(In(path));
        file.SetLength(sizeBytes);
    }
}
