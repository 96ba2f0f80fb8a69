using Tidegate.Silo.Projections;
using Xunit;

namespace Tidegate.Tests.Unit.Silo;

public sealed class ResourceRowTests
{
    [Fact]
    public void A_volume_hangs_on_its_gateway_and_is_ordered_by_its_creation()
    {
        const string row = """{"type":"volume","id":"vol-1","gatewayId":"gw-1","name":"disk","createdAt":"2026-01-02T03:04:05.5+02:00"}""";
        var read = ResourceRow.From($$"""{"change":null,"row":{{row}}}""")!;
        Assert.Equal(new ResourceRow("volume", "gw-1", "disk", "2026-01-02T01:04:05.5000000Z", row), read);
    }

    [Fact]
    public void A_snapshot_hangs_on_its_volume_and_is_ordered_by_its_request()
    {
        var read = ResourceRow.From("""{"row":{"type":"snapshot","volumeId":"vol-1","requestedAt":"2026-01-02T00:00:00Z"}}""")!;
        Assert.Equal(("snapshot", "vol-1", "", "2026-01-02T00:00:00.0000000Z"), (read.Kind, read.ParentId, read.Name, read.CreatedAt));
    }

    [Fact]
    public void An_offer_hangs_on_the_account_that_it_is_made_to()
    {
        var read = ResourceRow.From("""{"row":{"type":"snapshot-offer","accountId":"1","toAccountId":"2","createdAt":"2026-01-02T00:00:00Z"}}""")!;
        Assert.Equal(("snapshot-offer", "2", ""), (read.Kind, read.ParentId, read.Name));
    }

    [Theory]
    [InlineData("""{"change":{"x":1},"row":null}""")]
    [InlineData("""{"change":{"x":1}}""")]
    public void An_entry_without_a_row_has_none(string body) => Assert.Null(ResourceRow.From(body));
}
