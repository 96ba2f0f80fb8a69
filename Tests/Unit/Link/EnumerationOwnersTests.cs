using Tidegate.Silo.Link;
using Xunit;

namespace Tidegate.Tests.Unit.Link;

public sealed class EnumerationOwnersTests
{
    private readonly EnumerationOwners _owners = new();
    private readonly object _activation = new();

    [Fact]
    public void Only_the_owner_goes_on_and_only_until_the_end()
    {
        var id = Guid.NewGuid();
        Assert.True(_owners.TryStart(_activation, id, "a"));
        Assert.False(_owners.TryStart(_activation, id, "b"));
        Assert.True(_owners.IsOwner(_activation, id, "a"));
        Assert.False(_owners.IsOwner(_activation, id, "b"));
        Assert.False(_owners.IsOwner(new object(), id, "a"));
        _owners.End(_activation, id);
        Assert.False(_owners.IsOwner(_activation, id, "a"));
    }

    [Fact]
    public void Enumerations_of_dead_clients_give_way_oldest_first()
    {
        var ids = Enumerable.Range(0, EnumerationOwners.MaxPerActivation + 1).Select(_ => Guid.NewGuid()).ToArray();
        foreach (var id in ids) Assert.True(_owners.TryStart(_activation, id, "a"));
        Assert.False(_owners.IsOwner(_activation, ids[0], "a"));
        Assert.All(ids[1..], id => Assert.True(_owners.IsOwner(_activation, id, "a")));
    }
}
