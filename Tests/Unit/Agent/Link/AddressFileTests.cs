using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.GatewayAgent.Link;
using Tidegate.Tests.Kit.Disks;
using Xunit;

namespace Tidegate.Tests.Unit.Agent.Link;

/// <summary>What the agent learned of the service outlives it.</summary>
public sealed class AddressFileTests
{
    private static readonly Uri[] Learned = [new("https://a:1"), new("https://b:2")];
    private readonly SimulatedDisk _disk = new(new Random(3), new SimulatedDiskPlan());

    [Fact]
    public void At_first_nothing_is_known() => Assert.Empty(Open().Load());

    [Fact]
    public void What_was_saved_is_loaded_and_replaced_whole()
    {
        Open().Save([.. Learned, new Uri("https://c:3")]);
        Open().Save(Learned);
        Assert.Equal(Learned, Open().Load());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"agentsUrls\": 5}")]
    [InlineData("null")]
    public void A_damaged_file_counts_for_none_and_can_be_saved_over(string content)
    {
        using (var file = _disk.Open("addresses.json")) file.Write(0, System.Text.Encoding.UTF8.GetBytes(content));
        Assert.Empty(Open().Load());
        Open().Save(Learned);
        Assert.Equal(Learned, Open().Load());
    }

    private AddressFile Open() => new(_disk, NullLogger<AddressFile>.Instance);
}
